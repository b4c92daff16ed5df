/** My state: what I am, since when, what I want next; large in the work screen, small in the top bar elsewhere. */
import { CloseOutlined, DownOutlined } from "@ant-design/icons";
import { Button, Dropdown, type MenuProps, Tooltip } from "antd";
import { OPEN_ANNOUNCEMENTS } from "../announcements/Announcements";
import { useConsole, usePolicy, useRun } from "../desk";
import { useWords, type Words } from "../i18n";
import { useKeys } from "../keyboard";
import type { MeView } from "../wire";
import { Since, StateMark } from "./bits";

const CONTACT_STATES: readonly string[] = ["talking", "held", "wrapup", "offered"];

export function IntentSwitch({ compact = false }: { compact?: boolean }) {
  const me = useConsole((state) => state.me);
  const words = useWords();
  const { t } = words;
  const { run, busy } = useRun();
  const menu = useReasonMenu((intent, reason) => void run("agent.set_intent", { intent, ...(reason ? { reason } : {}) }));
  const ready = async (): Promise<void> => {
    const done = await run("agent.set_intent", { intent: "ready" });
    if (!done.ok && done.error?.code === "must_read") window.dispatchEvent(new Event(OPEN_ANNOUNCEMENTS));
  };
  const policy = usePolicy();
  useKeys({
    s: () => {
      const reason = (policy.notReady.find(({ code }) => code === "break") ?? policy.notReady[0])?.code;
      const away = { intent: "not_ready", ...(reason ? { reason } : {}) };
      if (me?.intent === "ready") void run("agent.set_intent", away);
      else void ready();
    },
  });
  if (me === null) return compact ? null : <div className="intent" aria-busy />;
  const wants = me.next_intent ?? me.intent;
  const setting = busy.has("agent.set_intent");
  const buttons = (
    <div className="intent-buttons">
      <Button
        size={compact ? "small" : "middle"}
        className={wants === "ready" ? "intent-on ready" : ""}
        aria-pressed={wants === "ready"}
        disabled={setting}
        data-testid="intent-ready"
        aria-label={t("intent.ready")}
        title={compact ? t("intent.ready") : undefined}
        icon={<StateMark state="ready" />}
        onClick={() => void ready()}
      >
        <span className="intent-word">{t("intent.ready")}</span>
      </Button>
      <Dropdown menu={{ items: menu }} trigger={["click"]} placement="bottomRight">
        <Button
          size={compact ? "small" : "middle"}
          className={wants === "not_ready" ? "intent-on away" : ""}
          aria-pressed={wants === "not_ready"}
          disabled={setting}
          data-testid="intent-notready"
          aria-label={t("intent.notReady")}
          title={compact ? t("intent.notReady") : undefined}
          icon={<StateMark state="not_ready" />}
        >
          <span className="intent-word">{t("intent.notReady")}</span> <DownOutlined style={{ fontSize: 9 }} />
        </Button>
      </Dropdown>
    </div>
  );
  if (compact) {
    return (
      <div className="intent-compact" data-testid="my-state" data-state={me.state}>
        <StateMark state={me.state} />
        {me.since === null ? <span className="dim">{stateText(words, me)}</span> : <Since at={me.since} />}
        {buttons}
      </div>
    );
  }
  return (
    <section className={`intent s-${me.state}`} data-testid="my-state" data-state={me.state}>
      <div className="row">
        <StateMark state={me.state} pulse={me.state === "offered"} />
        <strong className="cut">{stateText(words, me)}</strong>
        <NextIntent me={me} onDrop={() => void run("agent.set_intent", { intent: me.intent, ...(me.reason ? { reason: me.reason } : {}) })} />
        <span className="grow" />
        <span className="intent-time">
          <Since at={me.since} />
        </span>
      </div>
      {buttons}
    </section>
  );
}

/** The state as a person says it: 示忙 · 小休. */
function stateText({ word }: Words, me: MeView): string {
  const mood = word("mood", me.state);
  if (me.state !== "not_ready" || me.reason === null) return mood;
  return `${mood} · ${word("intent.system", me.reason, word("intent.defaults", me.reason))}`;
}

function NextIntent({ me, onDrop }: { me: MeView; onDrop(): void }) {
  const { t, word } = useWords();
  if (me.next_intent === null || me.next_intent === me.intent || !CONTACT_STATES.includes(me.state)) return null;
  return (
    <Tooltip title={t("intent.next", { intent: word("mood", me.next_intent) })}>
      <span className="intent-next" data-testid="next-intent">
        → {word("mood", me.next_intent)}
        <button type="button" className="clear" onClick={onDrop} aria-label={t("intent.cancelNext")}>
          <CloseOutlined />
        </button>
      </span>
    </Tooltip>
  );
}

/** Reasons of the policy; the built-in ones as long as it names none. */
function useReasonMenu(choose: (intent: string, reason: string | null) => void): MenuProps["items"] {
  const policy = usePolicy();
  const { t, word } = useWords();
  const reasons =
    policy.notReady.length > 0
      ? policy.notReady
      : ["break", "lunch", "training", "meeting"].map((code) => ({ code, label: code }));
  return [
    ...reasons.map(({ code, label }) => ({
      key: code,
      label: (
        <span data-testid={`intent-reason-${code}`}>{label === code ? word("intent.defaults", code) : label}</span>
      ),
      onClick: () => choose("not_ready", code),
    })),
    { type: "divider" as const },
    {
      key: "logged_out",
      icon: <StateMark state="logged_out" />,
      label: <span data-testid="intent-logout">{t("intent.logout")}</span>,
      onClick: () => choose("logged_out", null),
    },
  ];
}
