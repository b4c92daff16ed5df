/** Small shared pieces: state marks that differ in shape, channel icons, ticking times, faces, empty states. */
import { Button, Skeleton, Tooltip } from "antd";
import type { ReactNode } from "react";
import { lookOf } from "../channels";
import { duration, fullMoment, initials, moment, secondsSince } from "../format";
import { type Key, useWords } from "../i18n";
import { useNow } from "../ticker";

/** Shape and colour of a state: disc, square, bars, half disc, ring, minus, triangle, dash. */
export function StateMark({ state, pulse = false }: { state: string; pulse?: boolean }) {
  return (
    <svg className={`mark m-${state}${pulse ? " pulse" : ""}`} viewBox="0 0 12 12" fill="currentColor" aria-hidden>
      {SHAPES[state] ?? SHAPES.logged_out}
    </svg>
  );
}

const ring = <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="2" />;
const square = <rect x="1.2" y="1.2" width="9.6" height="9.6" rx="2" />;
const bars = (
  <>
    <rect x="1.6" y="1" width="3.2" height="10" rx="1" />
    <rect x="7.2" y="1" width="3.2" height="10" rx="1" />
  </>
);
const triangle = <path d="M6 .8 11.6 11H.4z" />;
const SHAPES: Record<string, ReactNode> = {
  ready: <circle cx="6" cy="6" r="5" />,
  talking: square,
  active: square,
  held: bars,
  offered: (
    <>
      {ring}
      <circle cx="6" cy="6" r="1.8" />
    </>
  ),
  wrapup: (
    <>
      <circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" strokeWidth="1.4" />
      <path d="M6 1.6a4.4 4.4 0 0 1 0 8.8z" />
    </>
  ),
  not_ready: <path d="M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1zM3 5.1v1.8h6V5.1z" fillRule="evenodd" />,
  parked: <path d="M6 .5 11.5 6 6 11.5.5 6z" />,
  lost: triangle,
  quarantined: triangle,
  abandoned: <path d="m2.4 1 3.6 3.6L9.6 1 11 2.4 7.4 6 11 9.6 9.6 11 6 7.4 2.4 11 1 9.6 4.6 6 1 2.4z" />,
  logged_out: <rect x="1.5" y="5" width="9" height="2" rx="1" />,
  queued: ring,
  received: ring,
  closed: <path d="m4.6 8 5-5.4 1.3 1.2-6.2 6.9L1 7l1.3-1.4z" />,
};

export function ChannelIcon({ channel, title = true }: { channel: string | null; title?: boolean }) {
  const { word } = useWords();
  const icon = (
    <span className="chan" role="img" aria-label={word("channel", channel)}>
      {lookOf(channel).icon}
    </span>
  );
  return title ? <Tooltip title={word("channel", channel)}>{icon}</Tooltip> : icon;
}

/** Time since a moment, ticking; `warn` and `late` are seconds from which it is coloured. */
export function Since({ at, near, late }: { at: string | null; near?: number | null; late?: number | null }) {
  const now = useNow();
  const { t } = useWords();
  if (at === null) return <span className="num dim">–</span>;
  const seconds = secondsSince(at, now);
  const tone = late && seconds > late ? " late" : near && seconds > near ? " near" : "";
  return <span className={`num${tone}`}>{duration(seconds, t("common.day"))}</span>;
}

/** Time left until a moment, ticking; negative once it is over. */
export function Left({ until }: { until: string | null }) {
  const now = useNow();
  if (until === null) return null;
  const seconds = (Date.parse(until) - now) / 1000;
  return seconds >= 0 ? (
    <span className="num">{duration(Math.ceil(seconds))}</span>
  ) : (
    <span className="num late">+{duration(-seconds)}</span>
  );
}

export function At({ at }: { at: string | null }) {
  const now = useNow();
  return (
    <time className="num" dateTime={at ?? undefined} title={fullMoment(at)}>
      {moment(at, now)}
    </time>
  );
}

export function Face({ name, kind, mine = false }: { name: string; kind?: string; mine?: boolean }) {
  return (
    <span className={`face${kind === "org" ? " org" : ""}${mine ? " me" : ""}`} aria-hidden>
      {initials(name)}
    </span>
  );
}

export function Vip({ level }: { level: number | null | undefined }) {
  const { t } = useWords();
  return level ? <span className="tag vip">{t("contact.vip", { n: level })}</span> : null;
}

export function Hollow({ glyph, title, hint, children }: { glyph?: ReactNode; title: string; hint?: string; children?: ReactNode }) {
  return (
    <div className="hollow">
      {glyph && <div className="glyph">{glyph}</div>}
      <strong>{title}</strong>
      {hint && <span>{hint}</span>}
      {children}
    </div>
  );
}

export function LoadFailed({ again }: { again: () => void }) {
  const { t } = useWords();
  return (
    <Hollow title={t("common.loadFailed")}>
      <Button size="small" onClick={again}>
        {t("common.retry")}
      </Button>
    </Hollow>
  );
}

export function Lines({ n = 4 }: { n?: number }) {
  return <Skeleton active title={false} paragraph={{ rows: n }} style={{ padding: 12 }} />;
}

/** A key of the keyboard in a hint. */
export function Kbd({ children }: { children: ReactNode }) {
  return <kbd className="kbd">{children}</kbd>;
}

export function useChannelName(): (channel: string | null) => string {
  const { word } = useWords();
  return (channel) => word("channel", channel);
}

export type { Key };
