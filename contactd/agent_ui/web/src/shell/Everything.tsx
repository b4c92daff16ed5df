/** One box over everything: customers, cases, what was said, and what can be done; Enter opens, Escape leaves. */
import { FolderOpenOutlined, RightOutlined, SearchOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Fragment, useDeferredValue, useEffect, useRef, useState } from "react";
import { api } from "../api";
import { lookOf } from "../channels";
import { subjectOf } from "../channels/subject";
import { RecordDrawer } from "../customer/RecordDrawer";
import { useWords } from "../i18n";
import { useKeys } from "../keyboard";
import { go } from "../route";
import type { HitView, TimelineItem } from "../wire";
import { At, Face, Kbd, Vip } from "./bits";
import { useCommands } from "./commands";
import { type Command, fitting } from "./fitting";

/** How many commands are shown before anything is asked, and below what was found. */
const COMMANDS_FIRST = 12;
const COMMANDS_AFTER = 5;
const GROUPS = ["party", "case", "message"] as const;

export function Search() {
  const words = useWords();
  const { t, word } = words;
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const [opened, setOpened] = useState<TimelineItem | null>(null);
  const commands = useCommands();
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        input.current?.focus();
      }
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
  useKeys({ "/": () => input.current?.focus() });
  const asked = useDeferredValue(text.trim());
  const { data, isFetching, isError } = useQuery({
    queryKey: ["search", asked],
    queryFn: ({ signal }) => api.search(asked, signal),
    enabled: open && asked !== "",
    staleTime: 5_000,
    placeholderData: (before) => before,
  });
  const found = asked === "" ? [] : (data?.items ?? []);
  // Asked for nothing yet, the box says what it can do; asked for a name, the few commands that fit come after what was found.
  const offered = fitting(commands, text).slice(0, text.trim() === "" ? COMMANDS_FIRST : COMMANDS_AFTER);
  const hits: readonly (HitView | Command)[] = [...found, ...offered];
  const pick = (hit: HitView | Command): void => {
    setText("");
    setOpen(false);
    input.current?.blur();
    if ("run" in hit) hit.run();
    else if (hit.kind === "party") go("customer", hit.id);
    else if (hit.kind === "case") go("cases", hit.id);
    else setOpened(itemOf(hit));
  };
  const pressed = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const hit = hits[at];
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, hits.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter" && hit) pick(hit);
    else if (event.key === "Escape") input.current?.blur();
    else return;
    event.preventDefault();
  };
  return (
    <div className="search">
      <div className="finder">
        <SearchOutlined className="finder-glass" />
        <input
          ref={input}
          value={text}
          placeholder={t("search.placeholder")}
          aria-label={t("search.placeholder")}
          aria-keyshortcuts="/ Control+K"
          spellCheck={false}
          data-testid="party-search"
          onChange={(event) => {
            setText(event.target.value);
            setOpen(true);
            setAt(0);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setTimeout(() => setOpen(false), 150)}
          onKeyDown={pressed}
        />
        {text === "" && <Kbd>/</Kbd>}
        {open && (asked !== "" || offered.length > 0) && (
          <div className="finder-hits finder-all" role="listbox">
            {found.length === 0 && asked !== "" && (
              <div className="finder-none">{isError ? t("common.loadFailed") : isFetching ? t("common.loading") : t("search.none")}</div>
            )}
            {GROUPS.map((group) => {
              const own = found.filter((hit) => hit.kind === group);
              if (own.length === 0) return null;
              return (
                <Fragment key={group}>
                  <div className="finder-group dim">{word("search.groups", group)}</div>
                  {own.map((hit) => {
                    const index = hits.indexOf(hit);
                    return (
                      <button
                        type="button"
                        key={`${hit.kind}:${hit.id}`}
                        role="option"
                        aria-selected={index === at}
                        className={`clear finder-hit${index === at ? " on" : ""}`}
                        data-testid={`${group}-hit`}
                        onMouseDown={(event) => event.preventDefault()}
                        onMouseEnter={() => setAt(index)}
                        onClick={() => pick(hit)}
                      >
                        <Mark hit={hit} />
                        <span className="grow cut">
                          <span className="row">
                            <span className="cut">
                              <Lit text={titleOf(words, hit)} marks={titleOf(words, hit) === hit.title ? hit.title_marks : []} />
                            </span>
                            {hit.kind === "party" && <Vip level={hit.vip ?? 0} />}
                            {hit.kind !== "party" && hit.party_name && <span className="tag">{hit.party_name}</span>}
                          </span>
                          <small className="dim cut num">
                            <Lit text={hit.snippet} marks={hit.snippet_marks} />
                          </small>
                        </span>
                        {hit.at && (
                          <small className="dim">
                            <At at={hit.at} />
                          </small>
                        )}
                        {index === at && <Kbd>↵</Kbd>}
                      </button>
                    );
                  })}
                </Fragment>
              );
            })}
            {offered.length > 0 && <div className="finder-group dim">{t("search.commands")}</div>}
            {offered.map((command) => {
              const index = hits.indexOf(command);
              return (
                <button
                  type="button"
                  key={command.id}
                  role="option"
                  aria-selected={index === at}
                  className={`clear finder-hit${index === at ? " on" : ""}`}
                  data-testid="command-hit"
                  onMouseDown={(event) => event.preventDefault()}
                  onMouseEnter={() => setAt(index)}
                  onClick={() => pick(command)}
                >
                  <span className="tl-icon">
                    <RightOutlined />
                  </span>
                  <span className="grow cut">{command.label}</span>
                  {index === at && <Kbd>↵</Kbd>}
                </button>
              );
            })}
          </div>
        )}
      </div>
      <RecordDrawer item={opened} onClose={() => setOpened(null)} />
    </div>
  );
}

function Mark({ hit }: { hit: HitView }) {
  if (hit.kind === "party") return <Face name={hit.title} kind={hit.party_kind ?? "person"} />;
  return <span className="tl-icon">{hit.kind === "case" ? <FolderOpenOutlined /> : lookOf(hit.channel ?? null).icon}</span>;
}

function titleOf(words: ReturnType<typeof useWords>, hit: HitView): string {
  if (hit.kind !== "message") return hit.title || words.t("work.noName");
  return subjectOf(words, hit.channel ?? null, hit.title) || words.word("channel", hit.channel ?? null);
}

/** A text with its matching places marked. */
export function Lit({ text, marks }: { text: string; marks: [number, number][] }) {
  const chars = [...text].length === text.length ? text : null;
  if (chars === null || marks.length === 0) return <>{text}</>;
  const parts: React.ReactNode[] = [];
  let from = 0;
  for (const [begin, end] of marks) {
    parts.push(text.slice(from, begin), <mark key={begin}>{text.slice(begin, end)}</mark>);
    from = end;
  }
  parts.push(text.slice(from));
  return <>{parts}</>;
}

function itemOf(hit: HitView): TimelineItem {
  return {
    id: hit.interaction ?? hit.id,
    at: hit.at ?? "",
    class: "conversation",
    channel: hit.channel ?? null,
    direction: null,
    ref: hit.interaction ?? null,
    title: hit.title,
    snippet: hit.snippet,
    actor: null,
    line: null,
    state: null,
    outcome: null,
    duration_s: null,
  };
}
