/** Knowledge: every article with where it stands, the tree on the left; one opens to be written. */
import { BookOutlined, PlusOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Modal, Segmented, Table } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { ArticleHead, KnowledgeCategory } from "../wire";
import { ArticlePage } from "./ArticlePage";
import "./knowledge.css";

const STATES = ["all", "draft", "review", "published", "withdrawn"];

export default function KnowledgeScreen({ selected }: { selected: string | null }) {
  return selected === null ? <List /> : <ArticlePage key={selected} id={selected} />;
}

function List() {
  const { t, word, language } = useWords();
  const [state, setState] = useState("all");
  const [category, setCategory] = useState<string | null>(null);
  const tree = useQuery({ queryKey: keys.knowledgeTree, queryFn: ({ signal }) => api.knowledgeTree(signal) });
  const found = useInfiniteQuery({
    queryKey: keys.articles(state, category),
    queryFn: ({ pageParam, signal }) => api.articles({ state: state === "all" ? null : state, category, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const lang = language === "en" ? "en" : "zh";
  const named = new Map((tree.data?.items ?? []).map((one) => [one.id, one.name[lang] || one.name.zh || one.name.en || ""]));
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <div className="kb" data-testid="knowledge">
      <aside className="kb-tree">
        <Tree items={tree.data?.items ?? []} picked={category} onPick={setCategory} />
      </aside>
      <section className="kb-main">
        <header className="row kb-bar">
          <h1>{t("knowledge.title")}</h1>
          <Segmented value={state} options={STATES.map((value) => ({ value, label: word("knowledge.states", value) }))} onChange={(value) => setState(String(value))} />
          <span className="grow" />
          <Button href="/faq" target="_blank">
            {t("knowledge.publicPage")}
          </Button>
          <Button type="primary" icon={<PlusOutlined />} data-testid="article-new" onClick={() => go("knowledge", "new")}>
            {t("knowledge.new")}
          </Button>
        </header>
        <Table<ArticleHead>
          size="small"
          rowKey="id"
          loading={found.isPending}
          dataSource={found.data?.pages.flatMap((page) => page.items) ?? []}
          pagination={false}
          onRow={(item) => ({ "data-testid": "article-row", onClick: () => go("knowledge", item.id), style: { cursor: "pointer" } }) as object}
          locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<BookOutlined />} title={t("knowledge.none")} hint={t("knowledge.noneHint")} /> }}
          columns={[
            { key: "no", title: t("knowledge.no"), width: 90, render: (_, item) => <span className="num">{item.no}</span> },
            { key: "title", title: t("knowledge.subject"), ellipsis: true, render: (_, item) => item.titles[lang] ?? item.titles.zh ?? item.titles.en },
            { key: "category", title: t("knowledge.category"), width: 130, ellipsis: true, render: (_, item) => named.get(item.category ?? "") ?? "" },
            { key: "langs", title: t("knowledge.languages"), width: 80, render: (_, item) => Object.keys(item.titles).map((one) => (one === "zh" ? "中" : "EN")).join(" ") },
            { key: "audience", title: t("knowledge.audience"), width: 90, render: (_, item) => word("knowledge.audiences", item.audience) },
            { key: "state", title: t("knowledge.state"), width: 150, render: (_, item) => <State item={item} /> },
            { key: "used", title: t("knowledge.used"), width: 70, align: "right", render: (_, item) => <span className="num">{item.used}</span> },
            { key: "good", title: t("knowledge.rated"), width: 90, align: "right", render: (_, item) => <span className="num">{item.helpful} : {item.unhelpful}</span> },
            { key: "author", title: t("knowledge.author"), width: 110, ellipsis: true, render: (_, item) => item.author_name },
            { key: "at", title: t("knowledge.updated"), width: 110, render: (_, item) => <At at={item.updated_at} /> },
          ]}
        />
        {found.hasNextPage && (
          <Button type="text" block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t("common.more")}
          </Button>
        )}
      </section>
    </div>
  );
}

/** Where the newest version stands; an older one may be read meanwhile. */
export function State({ item }: { item: ArticleHead }) {
  const { t, word } = useWords();
  return (
    <span className="row">
      <span className={`tag kb-${item.state}`}>{word("knowledge.states", item.state)}</span>
      {item.is_published && item.state !== "published" && <span className="tag accent">{t("knowledge.alsoRead")}</span>}
    </span>
  );
}

interface TreeProps {
  items: KnowledgeCategory[];
  picked: string | null;
  onPick(category: string | null): void;
}

function Tree({ items, picked, onPick }: TreeProps) {
  const words = useWords();
  const { t, language } = words;
  const lang = language === "en" ? "en" : "zh";
  const edits = useMay("kb.publish");
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const [adding, setAdding] = useState<string | null | undefined>(undefined);
  const [zh, setZh] = useState("");
  const [en, setEn] = useState("");
  const branch = (parent: string | null, depth: number): React.ReactNode =>
    items
      .filter((one) => one.parent === parent)
      .map((one) => (
        <div key={one.id}>
          <button type="button" className={`clear kb-branch${picked === one.id ? " on" : ""}`} style={{ paddingLeft: 10 + depth * 16 }} onClick={() => onPick(one.id)}>
            <span className="grow cut">{one.name[lang] || one.name.zh || one.name.en}</span>
            <span className="dim num">{one.articles}</span>
          </button>
          {branch(one.id, depth + 1)}
        </div>
      ));
  const add = async (): Promise<void> => {
    try {
      const name = { ...(zh.trim() ? { zh: zh.trim() } : {}), ...(en.trim() ? { en: en.trim() } : {}) };
      await api.createKnowledgeCategory({ name, ...(adding ? { parent: adding } : {}), position: items.length });
      setAdding(undefined);
      setZh("");
      setEn("");
      await queries.invalidateQueries({ queryKey: keys.knowledgeTree });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
  return (
    <>
      <button type="button" className={`clear kb-branch${picked === null ? " on" : ""}`} onClick={() => onPick(null)}>
        {t("knowledge.every")}
      </button>
      {branch(null, 0)}
      {edits && (
        <Button type="text" size="small" icon={<PlusOutlined />} onClick={() => setAdding(picked)}>
          {t("knowledge.addCategory")}
        </Button>
      )}
      <Modal open={adding !== undefined} title={t("knowledge.addCategory")} okText={t("common.save")} cancelText={t("common.cancel")} onOk={() => void add()} onCancel={() => setAdding(undefined)} okButtonProps={{ disabled: zh.trim() === "" && en.trim() === "" }}>
        <Input value={zh} placeholder="中文" onChange={(event) => setZh(event.target.value)} />
        <Input value={en} placeholder="English" style={{ marginTop: 8 }} onChange={(event) => setEn(event.target.value)} />
      </Modal>
    </>
  );
}
