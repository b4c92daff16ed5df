/** Who is looking: nobody yet (log-in), or somebody (the console); and in which language and light. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import dayjs from "dayjs";
import "dayjs/locale/zh-cn";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { api, ApiError, keys } from "./api";
import { useWords } from "./i18n";
import { LoginPage } from "./login/LoginPage";
import { useDark, useSettings } from "./settings";
import { antTheme, paint } from "./theme";

const Shell = lazy(() => import("./shell/Shell"));

export function App() {
  const { language } = useSettings();
  const dark = useDark();
  useEffect(() => paint(dark), [dark]);
  useEffect(() => {
    document.documentElement.lang = language;
    dayjs.locale(language === "zh-CN" ? "zh-cn" : "en");
  }, [language]);
  return (
    <ConfigProvider theme={antTheme(dark)} locale={language === "zh-CN" ? zhCN : enUS} button={{ autoInsertSpace: false }}>
      <AntApp message={{ maxCount: 3, duration: 3, top: 7 }} style={{ height: "100%" }}>
        <Gate />
      </AntApp>
    </ConfigProvider>
  );
}

type Doubt = "over" | "unreachable" | null;

function Gate() {
  const queries = useQueryClient();
  const { t } = useWords();
  const [doubt, setDoubt] = useState<Doubt>(null);
  const me = useQuery({ queryKey: keys.me, queryFn: ({ signal }) => api.me(signal), retry: false, staleTime: Infinity });
  const refused = useCallback(() => {
    setDoubt("over");
    queries.setQueryData(keys.me, null);
  }, [queries]);
  const left = useCallback(() => {
    setDoubt(null);
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.me[0] });
    queries.setQueryData(keys.me, null);
  }, [queries]);
  const entered = useCallback(() => {
    setDoubt(null);
    void queries.resetQueries();
  }, [queries]);

  if (me.isPending) return <Blank label={t("common.loading")} />;
  if (me.isError || me.data === null) {
    const away = me.error instanceof ApiError && me.error.status !== 401 && me.error.status !== 403;
    return <LoginPage doubt={away ? "unreachable" : doubt} onEntered={entered} />;
  }
  return (
    <Suspense fallback={<Blank label={t("common.loading")} />}>
      <Shell username={me.data.username} onRefused={refused} onLeft={left} />
    </Suspense>
  );
}

function Blank({ label }: { label: string }) {
  return <div style={{ height: "100%", background: "var(--bg)" }} aria-busy aria-label={label} />;
}
