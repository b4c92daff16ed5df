/** A customer's open cases beside the contact: a digit attaches it, C opens a new one. */
import { FolderAddOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Tooltip } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useRun } from "../desk";
import { useWords } from "../i18n";
import { useKeys } from "../keyboard";
import { At, Kbd } from "../shell/bits";
import type { InteractionView } from "../wire";
import { CaseDrawer } from "./CaseDrawer";
import { Clock } from "./marks";
import "./cases.css";

const MOST = 9;

export function CaseStrip({ party, interaction, children }: { party: string | null; interaction: InteractionView; children?: React.ReactNode }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const { run, busy } = useRun();
  const [shown, setShown] = useState<string | null>(null);
  const cases = useQuery({
    queryKey: keys.cases("of", party, null),
    queryFn: ({ signal }) => api.cases({ party, state: "active", limit: MOST }, signal),
    enabled: party !== null,
  });
  const promises = useQuery({ queryKey: ["promises", party], queryFn: ({ signal }) => api.promises(party ?? "", signal), enabled: party !== null });
  const items = cases.data?.items ?? [];
  const attach = async (id: string): Promise<void> => {
    await run("case.attach", { interaction: interaction.id, case: id }, { queue: true });
  };
  const open = async (): Promise<void> => {
    await run("case.open", { interaction: interaction.id }, { queue: true });
    await queries.invalidateQueries({ queryKey: ["cases"] });
  };
  const digits = Object.fromEntries(items.map((item, at) => [String(at + 1), () => void attach(item.id)]));
  useKeys({ ...digits, c: () => void open() });
  return (
    <section className="case-strip" aria-label={t("cases.title")}>
      {promises.data?.items.map((promise) => (
        <div key={promise.id} className="promise row" data-testid="promise">
          <span className="grow">
            {t("cases.promised")} {promise.text}
          </span>
          <At at={promise.due_at} />
        </div>
      ))}
      {items.map((item, at) => (
        <div key={item.id} className={`case-open row${interaction.case_id === item.id ? " on" : ""}`} data-testid="open-case">
          <Kbd>{String(at + 1)}</Kbd>
          <button type="button" className="clear grow cut" onClick={() => setShown(item.id)}>
            <span className="num dim">{item.no}</span> {item.subject}
          </button>
          <Clock timers={item.timers} />
          {interaction.case_id === item.id ? (
            <span className="tag accent">{t("cases.attached")}</span>
          ) : (
            <Tooltip title={t("cases.attach")}>
              <Button size="small" type="text" icon={<FolderAddOutlined />} aria-label={t("cases.attach")} onClick={() => void attach(item.id)} />
            </Tooltip>
          )}
        </div>
      ))}
      <div className="case-strip-acts">
        <Button size="small" icon={<PlusOutlined />} aria-keyshortcuts="C Alt+C" loading={busy.has("case.open")} data-testid="case-open" onClick={() => void open()}>
          {t("cases.openFrom")} <Kbd>C</Kbd>
        </Button>
        {children}
      </div>
      <CaseDrawer id={shown} onClose={() => setShown(null)} />
    </section>
  );
}
