/** Every draft for another system: what waits to be looked over, what is under way, what was refused. */
import { ExportOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Segmented, Table } from "antd";
import { useState } from "react";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, LoadFailed } from "../shell/bits";
import { DraftActs } from "./DraftActs";
import { DraftState, summary } from "./DraftCard";
import { drafts, GOING, type Draft } from "./drafts";

const VIEWS = ["open", "review", "refused", "all"] as const;

export default function DraftsScreen() {
  const { t, word } = useWords();
  const [view, setView] = useState<string>("open");
  const found = useInfiniteQuery({
    queryKey: ["writebacks", "screen", view],
    queryFn: ({ pageParam, signal }) => drafts.page({ limit: 50, cursor: pageParam, state: view === "all" ? null : view }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: (asked) => (asked.state.data?.pages.some((page) => page.items.some((one) => GOING.includes(one.state))) ? 2000 : 30_000),
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <div className="approvals" data-testid="writebacks">
      <header className="row approvals-bar">
        <h1>{t("writeback.title")}</h1>
        <Segmented value={view} options={VIEWS.map((value) => ({ value, label: <span data-testid={`writebacks-${value}`}>{word("writeback.views", value)}</span> }))} onChange={(value) => setView(String(value))} />
      </header>
      <Table<Draft>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.pages.flatMap((page) => page.items) ?? []}
        pagination={false}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<ExportOutlined />} title={t("writeback.none")} hint={t("writeback.noneHint")} /> }}
        columns={[
          { key: "kind", title: t("writeback.what"), width: 170, render: (_, item) => `${word("writeback.kinds", item.kind)} ${item.number}` },
          { key: "says", title: t("writeback.says"), ellipsis: true, render: (_, item) => summary(item.payload) },
          {
            key: "party",
            title: t("writeback.customer"),
            width: 140,
            ellipsis: true,
            render: (_, item) => (
              <Button type="link" size="small" className="cut" onClick={() => go("customer", item.party_id)}>
                {item.party_name || t("work.noName")}
              </Button>
            ),
          },
          { key: "by", title: t("writeback.by"), width: 110, ellipsis: true, render: (_, item) => item.author_name },
          { key: "at", title: t("writeback.at"), width: 100, render: (_, item) => <At at={item.created_at} /> },
          {
            key: "state",
            title: t("writeback.state"),
            width: 220,
            render: (_, item) => (
              <span className="row">
                <DraftState item={item} /> <span className="dim cut" title={item.last_error || item.note}>{item.last_error || item.note}</span>
              </span>
            ),
          },
          { key: "acts", title: <span className="sr">{t("writeback.acts")}</span>, width: 220, render: (_, item) => <DraftActs item={item} /> },
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
