/** Cases: a board by state, or a list; mine or everybody's; one opens beside it. */
import { AppstoreOutlined, FolderOpenOutlined, PhoneOutlined, PlusOutlined, UnorderedListOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Segmented, Select, Table } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, Lines, LoadFailed } from "../shell/bits";
import type { CaseView } from "../wire";
import { CaseDrawer } from "./CaseDrawer";
import { FollowUps } from "./FollowUps";
import { NewCase } from "./NewCase";
import { CaseLine, Clock, Priority, TYPES } from "./marks";
import "./cases.css";

interface Filter {
  assignee: string | null;
  type: string | null;
  watcher?: string;
}

export default function CasesScreen({ selected }: { selected: string | null }) {
  const { t, word } = useWords();
  const [view, setView] = useState("board");
  const [whose, setWhose] = useState("me");
  const [type, setType] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  const [asking, setAsking] = useState(false);
  const filter = { assignee: whose === "all" ? null : whose, type };
  return (
    <div className="cases" data-testid="cases">
      <header className="row cases-head">
        <h1>{t("cases.title")}</h1>
        <Segmented
          value={view}
          options={[
            { value: "board", icon: <AppstoreOutlined />, label: t("cases.board") },
            { value: "list", icon: <UnorderedListOutlined />, label: t("cases.list") },
          ]}
          onChange={(value) => setView(String(value))}
        />
        <Segmented
          value={whose}
          options={["me", "none", "all", "followed"].map((value) => ({ value, label: word("cases.whose", value) }))}
          onChange={(value) => setWhose(String(value))}
        />
        <Select
          allowClear
          placeholder={t("cases.type")}
          aria-label={t("cases.type")}
          value={type}
          style={{ width: 140 }}
          options={TYPES.map((value) => ({ value, label: word("cases.types", value) }))}
          onChange={(value: string | undefined) => setType(value ?? null)}
        />
        <span className="grow" />
        <Button icon={<PhoneOutlined />} data-testid="follow-ups" onClick={() => setAsking(true)}>
          {t("tasks.newList")}
        </Button>
        <Button type="primary" icon={<PlusOutlined />} data-testid="case-new" onClick={() => setAdding(true)}>
          {t("cases.new")}
        </Button>
      </header>
      {whose === "followed" ? <List filter={{ assignee: null, type, watcher: "me" }} /> : view === "board" ? <Board filter={filter} onAll={() => setWhose("all")} /> : <List filter={filter} />}
      <CaseDrawer id={selected} onClose={() => go("cases")} />
      {asking && <FollowUps onClose={() => setAsking(false)} />}
      {adding && <NewCase onClose={() => setAdding(false)} onMade={(made) => go("cases", made.id)} />}
    </div>
  );
}

function Board({ filter, onAll }: { filter: Filter; onAll(): void }) {
  const { t, word } = useWords();
  const found = useQuery({
    queryKey: keys.cases("board", filter.assignee, filter.type),
    queryFn: ({ signal }) => api.caseBoard(filter, signal),
    refetchInterval: 30_000,
  });
  if (found.isPending) return <Lines n={8} />;
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  if (found.data.columns.every((column) => column.count === 0)) {
    return (
      <Hollow glyph={<FolderOpenOutlined />} title={t("cases.boardNone")} hint={t("cases.boardHint")}>
        {filter.assignee !== null && <Button onClick={onAll}>{t("cases.showAll")}</Button>}
      </Hollow>
    );
  }
  return (
    <div className="board">
      {found.data.columns.map((column) => (
        <section key={column.state} className="board-column" data-testid={`column-${column.state}`}>
          <h2 className="row">
            <span className="grow">{word("cases.states", column.state)}</span>
            <span className="num dim">{column.count}</span>
          </h2>
          <div className="board-cards">
            {column.items.map((item) => (
              <button type="button" key={item.id} className="clear board-card" data-testid="case-card" onClick={() => go("cases", item.id)}>
                <CaseLine item={item} />
              </button>
            ))}
            {column.items.length === 0 && <p className="dim board-none">{t("cases.noneHere")}</p>}
            {column.count > column.items.length && <p className="dim board-none">{t("cases.more", { n: column.count - column.items.length })}</p>}
          </div>
        </section>
      ))}
    </div>
  );
}

function List({ filter }: { filter: Filter }) {
  const { t, word } = useWords();
  const found = useInfiniteQuery({
    queryKey: filter.watcher ? [...keys.followed, filter.type] : keys.cases("list", filter.assignee, filter.type),
    queryFn: ({ pageParam, signal }) => api.cases({ assignee: filter.assignee, type: filter.type, watcher: filter.watcher ?? null, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <div className="cases-list">
      <Table<CaseView>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.pages.flatMap((page) => page.items) ?? []}
        pagination={false}
        onRow={(item) => ({ "data-testid": "case-row", onClick: () => go("cases", item.id), style: { cursor: "pointer" } }) as object}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<FolderOpenOutlined />} title={t("cases.none")} hint={t(filter.watcher ? "cases.followNone" : "cases.noneHint")} /> }}
        columns={[
          { key: "no", title: t("cases.no"), width: 100, render: (_, item) => <span className="num">{item.no}</span> },
          { key: "type", title: t("cases.type"), width: 110, render: (_, item) => word("cases.types", item.type) },
          { key: "subject", title: t("cases.subject"), ellipsis: true, render: (_, item) => <>{item.unseen ? <span className="tag accent num" data-testid="case-unseen">{t("cases.unseen", { n: item.unseen })}</span> : null} {item.subject}</> },
          { key: "party", title: t("customer.title"), width: 180, ellipsis: true, render: (_, item) => item.party_name },
          { key: "state", title: t("cases.state"), width: 120, render: (_, item) => word("cases.states", item.state) },
          { key: "priority", title: t("cases.priority"), width: 90, render: (_, item) => <Priority level={item.priority} /> },
          { key: "who", title: t("cases.assignee"), width: 120, ellipsis: true, render: (_, item) => item.assignee_name },
          { key: "due", title: t("cases.due"), width: 190, render: (_, item) => <Clock timers={item.timers} /> },
          { key: "at", title: t("cases.at"), width: 110, render: (_, item) => <At at={item.created_at} /> },
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
