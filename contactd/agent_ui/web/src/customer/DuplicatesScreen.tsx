/** The work list of who may be whom: compare and merge, say that they are two, or ask again in a week. */
import { TeamOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Table } from "antd";
import { useState } from "react";
import { api } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { DuplicateView } from "../wire";
import { MergeDialog } from "./MergeDialog";
import "../quarantine/quarantine.css";
import "./customer.css";

const WEEK_MS = 7 * 24 * 3600 * 1000;

export default function DuplicatesScreen() {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const [comparing, setComparing] = useState<DuplicateView | null>(null);
  const found = useInfiniteQuery({
    queryKey: ["duplicates", "list"],
    queryFn: ({ pageParam, signal }) => api.duplicates(null, signal, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const decide = async (pair: DuplicateView, decision: { state: string; until?: string }): Promise<void> => {
    try {
      await api.decideDuplicate(pair.id, decision);
      await queries.invalidateQueries({ queryKey: ["duplicates"] });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
  const name = (side: { party_id: string; name: string }) => (
    <button type="button" className="clear customer-name cut" onClick={() => go("customer", side.party_id)}>
      {side.name || t("work.noName")}
    </button>
  );
  return (
    <div className="quarantine" data-testid="duplicates">
      <header>
        <h1>{t("merge.listTitle")}</h1>
        <p className="dim">{t("merge.listIntro")}</p>
      </header>
      <Table<DuplicateView>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.pages.flatMap((page) => page.items) ?? []}
        pagination={false}
        onRow={(pair) => ({ "data-testid": "duplicate-row", "data-id": pair.id }) as object}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<TeamOutlined />} title={t("merge.none")} hint={t("merge.noneHint")} /> }}
        columns={[
          { key: "a", title: t("merge.one"), ellipsis: true, render: (_, pair) => name(pair.a) },
          { key: "b", title: t("merge.other"), ellipsis: true, render: (_, pair) => name(pair.b) },
          {
            key: "why",
            title: t("merge.why"),
            render: (_, pair) => pair.reasons.map((reason) => <span key={reason} className="tag">{word("merge.reasons", reason)}</span>),
          },
          { key: "score", title: t("merge.score"), width: 90, align: "end", render: (_, pair) => <span className="num">{Math.round(pair.score * 100)} %</span> },
          { key: "at", title: t("merge.at"), width: 110, render: (_, pair) => <At at={pair.at} /> },
          {
            key: "do",
            title: <span className="sr">{t("merge.compare")}</span>,
            width: 300,
            align: "end",
            render: (_, pair) => (
              <span className="row" style={{ justifyContent: "flex-end" }}>
                <Button size="small" type="primary" data-testid="duplicate-compare" onClick={() => setComparing(pair)}>
                  {t("merge.compare")}
                </Button>
                <Button size="small" onClick={() => void decide(pair, { state: "rejected" })}>
                  {t("merge.distinct")}
                </Button>
                <Button size="small" type="text" onClick={() => void decide(pair, { state: "snoozed", until: new Date(Date.now() + WEEK_MS).toISOString() })}>
                  {t("merge.later")}
                </Button>
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
      {comparing !== null && (
        <MergeDialog one={comparing.a.party_id} other={comparing.b.party_id} onClose={() => setComparing(null)} onDone={() => setComparing(null)} />
      )}
    </div>
  );
}
