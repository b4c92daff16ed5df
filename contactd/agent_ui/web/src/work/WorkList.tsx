/** My work: in progress, in wrap-up, parked; each with its clock. */
import { MessageFilled } from "@ant-design/icons";
import { memo, useEffect } from "react";
import { subjectOf } from "../channels/subject";
import { useConsole, useLineLabel } from "../desk";
import { useHasDraft } from "../drafts";
import { useWords } from "../i18n";
import { go } from "../route";
import { ChannelIcon, Left, Since, StateMark, Vip } from "../shell/bits";
import type { InteractionView } from "../wire";
import { markSeen, unseen } from "./seen";
import { awaited, LATE_S, NEAR_S, nextOf } from "./waiting";

const GROUPS = [
  { key: "live", states: ["active", "held"] },
  { key: "wrapup", states: ["wrapup"] },
  { key: "parked", states: ["parked"] },
] as const;

/** In the order shown: live first, then what began longest ago. */
export function sortWork(work: InteractionView[]): InteractionView[] {
  const rank = (item: InteractionView): number => {
    const group = GROUPS.findIndex(({ states }) => (states as readonly string[]).includes(item.state));
    return (group === -1 ? 0 : group) * 2 + (item.live ? 0 : 1);
  };
  const since = (item: InteractionView): string => item.answered_at ?? item.queued_at ?? "";
  return [...work].sort((a, b) => rank(a) - rank(b) || since(a).localeCompare(since(b)));
}

interface Props {
  work: InteractionView[];
  selected: string | null;
  offered: boolean;
}

export function WorkList({ work, selected, offered }: Props) {
  const { t } = useWords();
  const intent = useConsole((state) => state.me.intent);
  const next = nextOf(work);
  const open = work.find(({ id }) => id === selected);
  useEffect(() => {
    if (open) markSeen(open.id, open.unread ?? 0, work.map(({ id }) => id));
  }, [open, work]);
  if (work.length === 0) {
    if (offered) return null;
    const hint = intent === "ready" ? "work.emptyReady" : intent === "not_ready" ? "work.emptyNotReady" : "work.emptyLoggedOut";
    return <p className="work-empty">{t(hint)}</p>;
  }
  return (
    <>
      {GROUPS.map(({ key, states }) => {
        const items = work.filter((item) => (states as readonly string[]).includes(item.state));
        return items.length === 0 ? null : (
          <section key={key} className="work-group">
            <h2 className="section">
              {t(`work.${key}`)} <span className="num">{items.length}</span>
            </h2>
            {items.map((item) => (
              <WorkItem key={item.id} item={item} on={item.id === selected} next={item.id === next?.id} />
            ))}
          </section>
        );
      })}
    </>
  );
}

/** Drawn anew when this contact changed, not when another did. */
const WorkItem = memo(function WorkItem({ item, on, next }: { item: InteractionView; on: boolean; next: boolean }) {
  const words = useWords();
  const { t, word } = words;
  const line = useLineLabel()(item.line);
  const draft = useHasDraft(`reply.${item.id}`) && !on;
  const waits = awaited(item);
  const unread = on ? 0 : unseen(item.id, item.unread ?? 0);
  return (
    <button
      type="button"
      className={`clear work-item${on ? " on" : ""}${next ? " next" : ""}`}
      data-testid="work-item"
      data-id={item.id}
      data-channel={item.channel}
      data-state={item.state}
      data-next={next || undefined}
      aria-current={on}
      onClick={() => go("work", item.id)}
    >
      <ChannelIcon channel={item.channel} title={false} />
      <span className="work-item-text">
        <span className="row">
          <span className="work-item-name cut">{nameOf(item, t("work.noName"))}</span>
          <Vip level={item.vip} />
          <span className="grow" />
          {unread > 0 && <span className="nav-badge">{unread}</span>}
          <span className="work-item-time" title={waits ? t("work.waits") : undefined}>
            {waits && next ? <span className="sr">{t("work.next")}</span> : null}
            {waits ? <MessageFilled className="waits-mark" aria-label={t("work.waits")} /> : <StateMark state={item.state} />}
            {waits ? <Since at={waits} near={NEAR_S} late={LATE_S} /> : item.state === "wrapup" && item.wrapup_until ? <Left until={item.wrapup_until} /> : <Since at={item.state_since} />}
          </span>
        </span>
        <span className={`work-item-sub cut${unread > 0 ? " fresh" : ""}`}>
          {draft && <span className="draft-mark">{t("work.draft")}</span>}
          {item.last_message || subjectOf(words, item.channel, item.subject) || `${word("channel", item.channel)} · ${line}`}
        </span>
      </span>
    </button>
  );
});

export function nameOf(item: InteractionView, fallback: string): string {
  return item.customer_name || (item.direction === "outbound" ? item.to_display : item.from_display) || fallback;
}
