/** What can be done from the search box: go to a screen or to one of my contacts, change my state, the language, the light. */
import { useMemo } from "react";
import { useConsole, usePolicy, useRun } from "../desk";
import { type Key, useWords } from "../i18n";
import { allowed, go, SCREENS } from "../route";
import { changeSettings, useDark } from "../settings";
import { nameOf } from "../work/WorkList";
import type { Command } from "./fitting";

export function useCommands(): Command[] {
  const { t, word, language } = useWords();
  const { run } = useRun();
  const policy = usePolicy();
  const rights = useConsole((state) => state.me.rights);
  const work = useConsole((state) => state.work);
  const dark = useDark();
  return useMemo(() => {
    const may = rights ?? [];
    const intent = (to: string, reason?: string): void => void run("agent.set_intent", { intent: to, ...(reason ? { reason } : {}) });
    const states: Command[] = may.includes("agent.set_intent")
      ? [
          { id: "ready", label: t("intent.ready"), also: "", run: () => intent("ready") },
          ...policy.notReady.map(({ code, label }) => ({
            id: `not-ready-${code}`,
            label: `${t("intent.notReady")} · ${label === code ? word("intent.defaults", code) : label}`,
            also: "",
            run: () => intent("not_ready", code),
          })),
          { id: "sign-out", label: t("intent.logout"), also: "", run: () => intent("logged_out") },
        ]
      : [];
    return [
      ...(work ?? []).map((item) => ({
        id: item.id,
        label: `${word("channel", item.channel)} · ${nameOf(item, t("work.noName"))}`,
        also: item.subject ?? "",
        run: () => go("work", item.id),
      })),
      ...states,
      ...SCREENS.filter((screen) => screen !== "customer" && allowed(screen, may)).map((screen) => ({
        id: `go-${screen}`,
        label: t("search.goTo", { screen: t(`nav.${screen}` as Key) }),
        also: screen,
        run: () => go(screen),
      })),
      {
        id: "light",
        label: t(dark ? "settings.light" : "settings.dark"),
        also: t("settings.theme"),
        run: () => changeSettings({ theme: dark ? "light" : "dark" }),
      },
      {
        id: "language",
        label: language === "en" ? "中文" : "English",
        also: t("settings.language"),
        run: () => changeSettings({ language: language === "en" ? "zh-CN" : "en" }),
      },
    ];
  }, [t, word, language, run, policy, rights, work, dark]);
}
