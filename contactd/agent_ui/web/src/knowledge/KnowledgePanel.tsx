/** Knowledge beside the conversation: what its words point to, or what one looks for; Alt+1 to Alt+5 put an answer into the reply. */
import { BookOutlined, DislikeOutlined, EnterOutlined, LikeOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App as AntApp, Button, Input, type InputRef, Tooltip } from "antd";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { api, keys } from "../api";
import { lookOf } from "../channels";
import { insertInto } from "../contact/inserting";
import { safeHtml } from "../contact/richText";
import { useWords } from "../i18n";
import { useKeys } from "../keyboard";
import { Kbd, Lines } from "../shell/bits";
import { Lit } from "../shell/Everything";
import type { FoundArticle, InteractionView } from "../wire";
import "./knowledge.css";

const SHOWN = 5;

/** How an article is said on a channel: in a letter, in a line of a live conversation, or aloud. */
export function snippetOf(article: FoundArticle, body: string): string {
  const how = body === "call" ? "spoken" : body === "chat" ? "short" : "letter";
  return article.snippets[how] || article.snippets.letter || article.snippets.short || article.text || article.snippet;
}

export function KnowledgePanel({ interaction, readOnly }: { interaction: InteractionView; readOnly: boolean }) {
  const { t, language } = useWords();
  const { message } = AntApp.useApp();
  const lang = language === "en" ? "en" : "zh";
  const [wanted, setWanted] = useState("");
  const [opened, setOpened] = useState<string | null>(null);
  const asked = useDeferredValue(wanted.trim());
  const field = useRef<InputRef>(null);
  useKeys({ f: () => field.current?.focus() }, !readOnly);
  const { body } = lookOf(interaction.channel);
  const suggested = useQuery({
    queryKey: [...keys.suggestions(interaction.id), lang, interaction.last_message ?? ""],
    queryFn: ({ signal }) => api.suggestions(interaction.id, lang, signal),
    enabled: asked === "",
    placeholderData: (before) => before,
  });
  const found = useQuery({
    queryKey: keys.knowledgeSearch(asked, lang),
    queryFn: ({ signal }) => api.knowledgeSearch(asked, lang, signal),
    enabled: asked !== "",
    placeholderData: (before) => before,
  });
  const items = ((asked === "" ? suggested.data : found.data)?.items ?? []).slice(0, SHOWN);
  const insert = async (article: FoundArticle): Promise<void> => {
    const whole = article.snippets.letter || body !== "mail" ? article : await api.articleText(article.id, lang);
    const text = snippetOf(whole ?? article, body);
    if (!insertInto(interaction.id, text)) {
      await navigator.clipboard?.writeText(text).catch(() => undefined);
      message.info(t("knowledge.copied"));
    }
    api.useArticle(article.id, { kind: "inserted", interaction: interaction.id, language: article.language }).catch(() => undefined);
  };
  useEffect(() => {
    if (readOnly) return;
    const pressed = (event: KeyboardEvent): void => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
      const article = /^Digit[1-5]$/.test(event.code) ? items[Number(event.code.slice(5)) - 1] : undefined;
      if (article === undefined) return;
      event.preventDefault();
      void insert(article);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  });
  return (
    <section className="kb-panel" aria-label={t("knowledge.title")} data-testid="knowledge-panel">
      <h2 className="row">
        <BookOutlined /> <span className="grow">{t(asked === "" ? "knowledge.suggested" : "knowledge.found")}</span>
      </h2>
      <Input
        ref={field}
        size="small"
        allowClear
        aria-keyshortcuts="F Alt+F"
        suffix={<Kbd>F</Kbd>}
        value={wanted}
        placeholder={t("knowledge.find")}
        aria-label={t("knowledge.find")}
        data-testid="knowledge-find"
        onChange={(event) => setWanted(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.nativeEvent.isComposing && items[0]) void insert(items[0]);
        }}
      />
      {items.length === 0 && !suggested.isFetching && !found.isFetching && (
        <p className="dim kb-none">{t(asked === "" ? "knowledge.noSuggestion" : "knowledge.nothing")}</p>
      )}
      {items.map((article, index) => (
        <article key={article.id} className={`kb-hit${opened === article.id ? " on" : ""}`} data-testid="knowledge-hit">
          <button
            type="button"
            className="clear kb-head"
            aria-expanded={opened === article.id}
            onClick={() => setOpened(opened === article.id ? null : article.id)}
          >
            <strong>
              <Lit text={article.title} marks={article.title_marks} />
            </strong>
            {opened !== article.id && (
              <span className="dim">
                <Lit text={article.snippet} marks={article.snippet_marks} />
              </span>
            )}
          </button>
          {opened === article.id && <Opened article={article} interaction={interaction.id} lang={lang} />}
          {!readOnly && (
            <Tooltip title={t("knowledge.insert")}>
              <Button size="small" type="text" icon={<EnterOutlined aria-hidden />} aria-keyshortcuts={`Alt+${index + 1}`} data-testid="knowledge-insert" onClick={() => void insert(article)}>
                <span className="sr">{t("knowledge.insert")}</span>
                <Kbd>Alt</Kbd>
                <Kbd>{index + 1}</Kbd>
              </Button>
            </Tooltip>
          )}
        </article>
      ))}
    </section>
  );
}

function Opened({ article, interaction, lang }: { article: FoundArticle; interaction: string; lang: "zh" | "en" }) {
  const { t } = useWords();
  const [said, setSaid] = useState(false);
  const whole = useQuery({ queryKey: keys.articleText(article.id, lang), queryFn: ({ signal }) => api.articleText(article.id, lang, signal) });
  useEffect(() => {
    api.useArticle(article.id, { kind: "opened", interaction, language: lang }).catch(() => undefined);
  }, [article.id, interaction, lang]);
  const rate = (kind: string): void => {
    setSaid(true);
    api.useArticle(article.id, { kind, interaction, language: lang }).catch(() => setSaid(false));
  };
  if (!whole.data) return <Lines n={3} />;
  return (
    <div className="kb-opened">
      {/* Rewritten from its elements: only formatting and safe links are left. */}
      <div className="kb-body" dangerouslySetInnerHTML={{ __html: safeHtml(whole.data.body ?? "") }} />
      <div className="row">
        <span className="dim num">
          {article.no} · {t("knowledge.usedN", { n: article.used })}
        </span>
        <span className="grow" />
        {said ? (
          <span className="dim">{t("knowledge.thanks")}</span>
        ) : (
          <>
            <Button size="small" type="text" icon={<LikeOutlined />} aria-label={t("knowledge.helpful")} title={t("knowledge.helpful")} onClick={() => rate("helpful")} />
            <Button size="small" type="text" icon={<DislikeOutlined />} aria-label={t("knowledge.unhelpful")} title={t("knowledge.unhelpful")} onClick={() => rate("unhelpful")} />
          </>
        )}
      </div>
    </div>
  );
}
