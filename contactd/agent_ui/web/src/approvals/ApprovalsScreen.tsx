/** What somebody asks another to allow: what, by whom, why and until when; decided with a word, never by who asked. */
import { AuditOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Popover, Segmented, Table } from "antd";
import { useState } from "react";
import { get, query, send } from "../api";
import { errorText, useConsole, useMay } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { Page } from "../wire";

export interface ApprovalView {
  id: string;
  kind: "identity" | "case_close";
  state: "asked" | "granted" | "refused" | "expired";
  level: number | null;
  party_id: string | null;
  party_name: string;
  case_id: string | null;
  case_no: string | null;
  subject: string;
  reason: string;
  asked_by: string;
  asked_by_name: string;
  asked_at: string;
  until: string;
  decided_by_name: string;
  decision: string;
}

const STATES = ["asked", "all"] as const;

export default function ApprovalsScreen() {
  const { t, word } = useWords();
  const decides = useMay("approval.decide");
  const me = useConsole((state) => state.me.agent);
  const [state, setState] = useState<string>(decides ? "asked" : "all");
  const found = useInfiniteQuery({
    queryKey: ["approvals", state],
    queryFn: ({ pageParam, signal }) => get<Page<ApprovalView>>(`/approvals${query({ limit: 50, cursor: pageParam, state: state === "all" ? null : state })}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <div className="approvals" data-testid="approvals">
      <header className="row approvals-bar">
        <h1>{t("approvals.title")}</h1>
        <Segmented value={state} options={STATES.map((value) => ({ value, label: <span data-testid={`approvals-${value}`}>{word("approvals.views", value)}</span> }))} onChange={(value) => setState(String(value))} />
      </header>
      <Table<ApprovalView>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.pages.flatMap((page) => page.items) ?? []}
        pagination={false}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<AuditOutlined />} title={t("approvals.none")} hint={t("approvals.noneHint")} /> }}
        columns={[
          { key: "what", title: t("approvals.what"), width: 260, render: (_, item) => <What item={item} /> },
          { key: "reason", title: t("approvals.reason"), ellipsis: true, render: (_, item) => item.reason },
          { key: "by", title: t("approvals.by"), width: 120, ellipsis: true, render: (_, item) => item.asked_by_name },
          { key: "at", title: t("approvals.at"), width: 100, render: (_, item) => <At at={item.asked_at} /> },
          { key: "until", title: t("approvals.until"), width: 100, render: (_, item) => <At at={item.until} /> },
          {
            key: "state",
            title: t("approvals.state"),
            width: 260,
            render: (_, item) =>
              item.state === "asked" && decides && item.asked_by !== me ? (
                <Decide item={item} />
              ) : (
                <span className="row">
                  <span className="tag">{word("approvals.states", item.state)}</span>
                  <span className="dim cut">{[item.decided_by_name, item.decision].filter(Boolean).join(" · ")}</span>
                </span>
              ),
          },
        ]}
      />
      {found.hasNextPage && (
        <Button type="text" block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("common.more")}
        </Button>
      )}
    </div>
  );
}

function What({ item }: { item: ApprovalView }) {
  const { t, word } = useWords();
  const name = item.kind === "identity" ? item.party_name || t("work.noName") : `${item.case_no ?? ""} ${item.subject}`;
  const open = (): void => (item.kind === "identity" ? go("customer", item.party_id) : go("cases", item.case_id));
  return (
    <span>
      {t(item.kind === "identity" ? "approvals.identity" : "approvals.case_close", { n: item.level ?? 0 })}{" "}
      <Button type="link" size="small" className="cut" title={word("approvals.kinds", item.kind)} onClick={open}>
        {name}
      </Button>
    </span>
  );
}

function Decide({ item }: { item: ApprovalView }) {
  const words = useWords();
  const { t } = words;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState("");
  const decide = async (what: "grant" | "refuse"): Promise<void> => {
    setBusy(true);
    try {
      await send("POST", `/approvals/${encodeURIComponent(item.id)}/${what}`, { decision: why });
      await Promise.all([["approvals"], ["cases"]].map((queryKey) => queries.invalidateQueries({ queryKey })));
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <span className="row">
      <Button size="small" type="primary" loading={busy} data-testid="approval-grant" onClick={() => void decide("grant")}>
        {t("approvals.grant")}
      </Button>
      <Popover
        trigger="click"
        content={
          <div className="row">
            <Input size="small" value={why} maxLength={500} placeholder={t("approvals.why")} data-testid="approval-why" onChange={(event) => setWhy(event.target.value)} />
            <Button size="small" danger disabled={why.trim() === ""} loading={busy} data-testid="approval-refuse" onClick={() => void decide("refuse")}>
              {t("approvals.refuse")}
            </Button>
          </div>
        }
      >
        <Button size="small">{t("approvals.refuse")}…</Button>
      </Popover>
    </span>
  );
}
