/** One article: written in Chinese and English, looked at as it will be read, with its versions and what changed between them. */
import { ArrowLeftOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, DatePicker, Input, Segmented, Select } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText, useMay } from "../desk";
import { RichEditor } from "../contact/RichEditor";
import { safeHtml } from "../contact/richText";
import { type Words, useWords } from "../i18n";
import { go } from "../route";
import { At, Lines, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { ArticleText, ArticleView } from "../wire";
import { diff, wordsOf } from "./diff";
import { State } from "./KnowledgeScreen";

type Language = "zh" | "en";
type Texts = Partial<Record<Language, ArticleText>>;
type View = "write" | "preview" | "history";

const BLANK: ArticleText = { title: "", body: "", snippets: {}, words: [] };
const SNIPPETS = ["letter", "short", "spoken"] as const;

export function ArticlePage({ id }: { id: string }) {
  const found = useQuery({ queryKey: keys.article(id), queryFn: ({ signal }) => api.article(id, signal), enabled: id !== "new" });
  if (id === "new") return <Page item={null} />;
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return found.data ? <Page key={`${found.data.id}-${found.data.n}-${found.data.state}`} item={found.data} /> : <Lines n={10} />;
}

function Page({ item }: { item: ArticleView | null }) {
  const words = useWords();
  const { t, word, language } = words;
  const queries = useQueryClient();
  const { message, modal } = AntApp.useApp();
  const edits = useMay("kb.publish");
  const [lang, setLang] = useState<Language>(language === "en" ? "en" : "zh");
  const [view, setView] = useState<View>("write");
  const [texts, setTexts] = useState<Texts>(item?.texts ?? {});
  const [busy, setBusy] = useState(false);
  const reviewed = item?.state === "review";
  const change = (part: Partial<ArticleText>): void => setTexts({ ...texts, [lang]: { ...(texts[lang] ?? BLANK), ...part } });
  const act = async (doing: () => Promise<ArticleView | null>): Promise<void> => {
    setBusy(true);
    try {
      const done = await doing();
      if (done) {
        queries.setQueryData(keys.article(done.id), done);
        setTexts(done.texts);
        if (item === null) go("knowledge", done.id);
      }
      message.success(t("common.saved"));
      await queries.invalidateQueries({ queryKey: ["articles"] });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  const written = (): Texts => Object.fromEntries(Object.entries(texts).filter(([, one]) => one.title.trim() !== "" || one.body !== ""));
  const save = (): Promise<void> =>
    act(() =>
      item === null
        ? api.createArticle({ texts: written() })
        : api.writeArticle(item.id, { texts: written(), ...(item.state === "draft" ? { row_version: item.revision_version } : {}) }),
    );
  const back = async (): Promise<void> => {
    let why = "";
    const sure = await modal.confirm({
      title: t("knowledge.returnWhy"),
      content: <Input.TextArea rows={3} autoFocus onChange={(event) => (why = event.target.value)} />,
      okText: t("knowledge.acts.return"),
      cancelText: t("common.cancel"),
    });
    if (sure && item) await act(() => api.actOnArticle(item.id, { act: "return", text: why }));
  };
  const shown = texts[lang] ?? BLANK;
  return (
    <div className="kb-page" data-testid="article-page">
      <header className="row kb-bar">
        <Button type="text" icon={<ArrowLeftOutlined />} aria-label={t("knowledge.title")} onClick={() => go("knowledge")} />
        {item ? (
          <>
            <span className="num">{item.no}</span>
            <State item={item} />
            <span className="dim">{t("knowledge.versionN", { n: item.n })}</span>
          </>
        ) : (
          <h1>{t("knowledge.new")}</h1>
        )}
        <span className="grow" />
        <Segmented value={view} options={(["write", "preview", "history"] as const).map((value) => ({ value, label: word("knowledge.views", value) }))} onChange={(value) => setView(value as View)} />
        <Segmented value={lang} options={[{ value: "zh", label: "中文" }, { value: "en", label: "English" }]} onChange={(value) => setLang(value as Language)} />
        {!reviewed && (
          <Button loading={busy} disabled={Object.keys(written()).length === 0} data-testid="article-save" onClick={() => void save()}>
            {t(item === null || item.state === "draft" ? "common.save" : "knowledge.nextVersion")}
          </Button>
        )}
        {item?.state === "draft" && (
          <Button type="primary" loading={busy} data-testid="article-submit" onClick={() => void act(() => api.actOnArticle(item.id, { act: "submit" }))}>
            {t("knowledge.acts.submit")}
          </Button>
        )}
        {reviewed && edits && (
          <>
            <Button loading={busy} onClick={() => void back()}>
              {t("knowledge.acts.return")}
            </Button>
            <Button type="primary" loading={busy} data-testid="article-publish" onClick={() => void act(() => api.actOnArticle(item.id, { act: "publish" }))}>
              {t("knowledge.acts.publish")}
            </Button>
          </>
        )}
        {item?.is_published && edits && (
          <Button danger loading={busy} onClick={() => void act(() => api.actOnArticle(item.id, { act: "withdraw" }))}>
            {t("knowledge.acts.withdraw")}
          </Button>
        )}
      </header>
      {item && edits && <Place item={item} onChange={(fields) => void act(() => api.changeArticle(item.id, { ...fields, row_version: item.row_version }))} />}
      {view === "write" && <Write key={lang} lang={lang} text={shown} readOnly={reviewed} words={words} onChange={change} onSend={() => void save()} />}
      {view === "preview" && (
        <article className="kb-preview" lang={lang}>
          <h1>{shown.title || t("knowledge.noTitle")}</h1>
          {/* Rewritten from its elements: only formatting and safe links are left. */}
          <div className="kb-body" dangerouslySetInnerHTML={{ __html: safeHtml(shown.body) }} />
          {SNIPPETS.filter((name) => shown.snippets[name]).map((name) => (
            <section key={name}>
              <h2>{word("knowledge.snippets", name)}</h2>
              <p className="kb-snippet">{shown.snippets[name]}</p>
            </section>
          ))}
        </article>
      )}
      {view === "history" && item && <History item={item} lang={lang} />}
    </div>
  );
}

interface WriteProps {
  lang: Language;
  text: ArticleText;
  readOnly: boolean;
  words: Words;
  onChange(part: Partial<ArticleText>): void;
  onSend(): void;
}

function Write({ lang, text, readOnly, words, onChange, onSend }: WriteProps) {
  const { t, word } = words;
  return (
    <div className="kb-write">
      <label>
        <span>{t("knowledge.subject")}</span>
        <Input value={text.title} readOnly={readOnly} maxLength={200} data-testid="article-title" onChange={(event) => onChange({ title: event.target.value })} />
      </label>
      <div className="kb-editor" lang={lang}>
        <RichEditor html={text.body} readOnly={readOnly} label={t("knowledge.body")} placeholder={t("knowledge.bodyHint")} onChange={(body) => onChange({ body })} onFiles={() => undefined} onSend={onSend} />
      </div>
      <label>
        <span>{t("knowledge.words")}</span>
        <Select mode="tags" open={false} aria-label={t("knowledge.words")} value={text.words} disabled={readOnly} tokenSeparators={[",", "，", "、", ";", "；"]} placeholder={t("knowledge.wordsHint")} onChange={(found: string[]) => onChange({ words: found })} />
      </label>
      <div className="kb-snippets">
        {SNIPPETS.map((name) => (
          <label key={name}>
            <span>{word("knowledge.snippets", name)}</span>
            <Input.TextArea rows={4} value={text.snippets[name] ?? ""} readOnly={readOnly} maxLength={4000} placeholder={word("knowledge.snippetHints", name)} onChange={(event) => onChange({ snippets: { ...text.snippets, [name]: event.target.value } })} />
          </label>
        ))}
      </div>
    </div>
  );
}

/** Where it hangs, for whom it is, how long it holds. */
function Place({ item, onChange }: { item: ArticleView; onChange(fields: object): void }) {
  const { t, word, language } = useWords();
  const tree = useQuery({ queryKey: keys.knowledgeTree, queryFn: ({ signal }) => api.knowledgeTree(signal) });
  const lang = language === "en" ? "en" : "zh";
  return (
    <div className="row kb-place">
      <Select allowClear placeholder={t("knowledge.category")} aria-label={t("knowledge.category")} value={item.category} style={{ width: 180 }} options={(tree.data?.items ?? []).map((one) => ({ value: one.id, label: one.name[lang] || one.name.zh || one.name.en }))} onChange={(category: string | undefined) => onChange({ category: category ?? null })} />
      <Segmented value={item.audience} options={["internal", "public"].map((value) => ({ value, label: word("knowledge.audiences", value) }))} onChange={(audience) => onChange({ audience })} />
      <span className="dim">{t("knowledge.holds")}</span>
      <DatePicker.RangePicker
        allowEmpty={[true, true]}
        value={[item.valid_from ? dayjs(item.valid_from) : null, item.valid_until ? dayjs(item.valid_until) : null]}
        onChange={(span) => onChange({ valid_from: span?.[0]?.startOf("day").toISOString() ?? null, valid_until: span?.[1]?.endOf("day").toISOString() ?? null })}
      />
      <span className="grow" />
      <span className="dim num">{t("knowledge.usage", { used: item.used, helpful: item.helpful, unhelpful: item.unhelpful })}</span>
    </div>
  );
}

function History({ item, lang }: { item: ArticleView; lang: Language }) {
  const { t, word } = useWords();
  const [at, setAt] = useState(0);
  const whole = (text: ArticleText | undefined): string =>
    text ? [text.title, wordsOf(text.body), ...SNIPPETS.map((name) => text.snippets[name] ?? "")].filter(Boolean).join("\n") : "";
  const now = item.versions[at];
  const before = item.versions[at + 1];
  return (
    <div className="kb-history">
      <ol>
        {item.versions.map((version, index) => (
          <li key={version.n}>
            <button type="button" className={`clear kb-branch${index === at ? " on" : ""}`} onClick={() => setAt(index)}>
              <span className="grow">
                {t("knowledge.versionN", { n: version.n })} · {word("knowledge.states", version.state)}
                <small className="dim">
                  {version.author}
                  {version.reviewer && ` → ${version.reviewer}`} <At at={version.at} />
                </small>
                {version.note && <small>{version.note}</small>}
              </span>
            </button>
          </li>
        ))}
      </ol>
      <pre className="kb-diff" lang={lang}>
        {diff(whole(before?.texts[lang]), whole(now?.texts[lang])).map((piece, index) => (
          <span key={index} className={piece.kind}>
            {piece.kind === "new" ? "+ " : piece.kind === "gone" ? "− " : "  "}
            {piece.text}
            {"\n"}
          </span>
        ))}
      </pre>
    </div>
  );
}
