/** One timeline over every channel: newest first, filtered by channel and text, older ones on demand. */
import { ArrowDownOutlined, ArrowUpOutlined, EditOutlined, HistoryOutlined, SearchOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Input, Tooltip } from "antd";
import { useMemo, useState } from "react";
import { api, keys } from "../api";
import { COMMON_CHANNELS, lookOf } from "../channels";
import { subjectOf } from "../channels/subject";
import { useLineLabel } from "../desk";
import { duration } from "../format";
import { useWords } from "../i18n";
import { At, Hollow, Lines } from "../shell/bits";
import type { TimelineItem } from "../wire";
import { RecordDrawer } from "./RecordDrawer";

interface Props {
  /** Null: the customer is not known yet, only the head that came with the offer can be shown. */
  party: string | null;
  head: TimelineItem[];
  current: string | null;
}

export function Timeline({ party, head, current }: Props) {
  const { t, word } = useWords();
  const [channel, setChannel] = useState<string | null>(null);
  const [text, setText] = useState("");
  const [opened, setOpened] = useState<TimelineItem | null>(null);
  const query = useInfiniteQuery({
    queryKey: [...keys.timeline(party ?? ""), channel],
    queryFn: ({ pageParam, signal }) => api.timeline(party ?? "", { channel, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    enabled: party !== null,
  });
  const loaded = query.data?.pages.flatMap((page) => page.items);
  const items = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return (loaded ?? head).filter(
      (item) =>
        (channel === null || item.channel === channel) &&
        (wanted === "" || [item.title, item.snippet, item.actor].some((part) => part?.toLowerCase().includes(wanted))),
    );
  }, [loaded, head, channel, text]);
  const bare = channel === null && text === "";
  return (
    <section className="timeline">
      <div className="timeline-head">
        <h2 className="section grow">{t("customer.timeline")}</h2>
        <div className="timeline-filter" role="group" aria-label={t("customer.filter")}>
          {COMMON_CHANNELS.map((name) => (
            <Tooltip key={name} title={word("channel", name)}>
              <button
                type="button"
                className={`clear${channel === name ? " on" : ""}`}
                aria-pressed={channel === name}
                aria-label={word("channel", name)}
                data-testid={`timeline-filter-${name}`}
                onClick={() => setChannel(channel === name ? null : name)}
              >
                {lookOf(name).icon}
              </button>
            </Tooltip>
          ))}
        </div>
        <Input
          size="small"
          allowClear
          value={text}
          prefix={<SearchOutlined className="dim" />}
          aria-label={t("customer.searchTimeline")}
          placeholder={t("common.search")}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <div className="timeline-items" data-testid="timeline">
        {items.map((item) => (
          <Item key={item.id} item={item} current={current !== null && refOf(item) === current} onOpen={() => setOpened(item)} />
        ))}
        {items.length === 0 && query.isPending && party !== null && <Lines n={6} />}
        {items.length === 0 && !(query.isPending && party !== null) && (
          <Hollow glyph={<HistoryOutlined />} title={t(bare ? "customer.emptyTimeline" : "customer.emptyFilter")} />
        )}
        {query.hasNextPage && (
          <Button type="text" block loading={query.isFetchingNextPage} data-testid="timeline-more" onClick={() => void query.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        )}
      </div>
      <RecordDrawer item={opened} onClose={() => setOpened(null)} />
    </section>
  );
}

/** The interaction a timeline item leads to, if it does. */
export function refOf(item: TimelineItem): string | null {
  return item.class === "conversation" && item.ref !== null ? item.ref.replace(/^interaction[:/]/, "") : null;
}

function Item({ item, current, onOpen }: { item: TimelineItem; current: boolean; onOpen(): void }) {
  const words = useWords();
  const { t, word } = words;
  const line = useLineLabel()(item.line);
  const outgoing = item.direction === "outbound";
  const facts = [
    line,
    item.actor,
    item.outcome ? word("outcome", item.outcome) : item.state ? word("state", item.state) : null,
    item.outcome && item.duration_s ? duration(item.duration_s, t("common.day")) : null,
  ].filter(Boolean);
  const opens = refOf(item) !== null;
  const bad = item.outcome === "abandoned" || item.outcome === "failed";
  return (
    <button
      type="button"
      className={`clear tl${current ? " now" : ""}`}
      disabled={!opens}
      data-testid="timeline-item"
      data-channel={item.channel ?? ""}
      data-ref={item.ref ?? ""}
      onClick={onOpen}
    >
      <span className={`tl-icon${outgoing ? " out" : ""}${item.channel === null ? " soft" : ""}`}>
        {item.channel === null ? <EditOutlined /> : lookOf(item.channel).icon}
        {item.channel !== null && item.direction !== "internal" && (
          <i className="tl-way" title={word("direction", item.direction)}>
            {outgoing ? <ArrowUpOutlined /> : <ArrowDownOutlined />}
          </i>
        )}
      </span>
      <span className="tl-text">
        <span className="row">
          <span className="tl-title cut">{subjectOf(words, item.channel, item.title) || word("channel", item.channel) || word("state", item.state)}</span>
          {current && <span className="tag accent">{t("customer.current")}</span>}
          {item.imported && (
            <span className="tag" title={t("customer.importedHint")}>
              {t("customer.imported")}
            </span>
          )}
          <span className="grow" />
          <span className="tl-at dim">
            <At at={item.at} />
          </span>
        </span>
        {item.snippet && <span className="tl-snippet">{item.snippet}</span>}
        <span className={`tl-facts cut num${bad ? " late" : ""}`}>{facts.join(" · ")}</span>
      </span>
    </button>
  );
}
