/** One case beside the list it was opened from. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Drawer, Tooltip } from "antd";
import { useEffect } from "react";
import { api, keys, ROOT } from "../api";
import { useConsole, useMay } from "../desk";
import { useWords } from "../i18n";
import { Lines, LoadFailed } from "../shell/bits";
import type { CaseView } from "../wire";
import { CaseBody } from "./CaseBody";
import { Priority } from "./marks";
import "./cases.css";

export function CaseDrawer({ id, onClose }: { id: string | null; onClose(): void }) {
  const found = useQuery({ queryKey: keys.case(id ?? ""), queryFn: ({ signal }) => api.case(id ?? "", signal), enabled: id !== null });
  const me = useConsole((view) => view.me?.agent);
  const queries = useQueryClient();
  const followed = found.data?.watchers?.includes(me ?? "") ?? false;
  const newest = found.data?.events?.at(-1)?.seq;
  const looked = found.data?.id;
  // What stands on screen counts as seen; what comes while it does, too.
  useEffect(() => {
    if (!followed || looked === undefined || newest === undefined) return;
    void api.sawCase(looked).then(() => queries.invalidateQueries({ queryKey: keys.followed }));
  }, [followed, looked, newest, queries]);
  return (
    <Drawer open={id !== null} onClose={onClose} size={620} destroyOnHidden title={found.data ? <CaseTitle item={found.data} /> : " "}>
      {found.isError ? <LoadFailed again={() => void found.refetch()} /> : found.data ? <CaseBody item={found.data} /> : <Lines n={10} />}
    </Drawer>
  );
}

export function CaseTitle({ item }: { item: CaseView }) {
  const { t, word } = useWords();
  const proves = useMay("case.evidence");
  return (
    <span className="row" data-testid="case-title">
      <span className="num">{item.no}</span>
      <span className="tag">{word("cases.types", item.type)}</span>
      <span className="tag accent">{word("cases.states", item.state)}</span>
      <Priority level={item.priority} />
      {item.severity > 0 && <span className="tag bad">{t("cases.severityN", { n: item.severity })}</span>}
      {item.escalation > 0 && <span className="tag bad">↑{item.escalation}</span>}
      {proves && (
        <Tooltip title={t("cases.evidenceHint")}>
          <Button size="small" href={`${ROOT}/cases/${encodeURIComponent(item.id)}/evidence`} data-testid="case-evidence">
            {t("cases.evidence")}
          </Button>
        </Tooltip>
      )}
    </span>
  );
}
