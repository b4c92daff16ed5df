/** Reports over REST, and the time they are about. */
import { get, query, ROOT, send } from "../api";
import type { Page } from "../wire";

export type By = "line" | "channel" | "agent" | "team" | "hour" | "day" | "weekday_hour";

export interface Figures {
  offered: number;
  answered: number;
  within: number;
  abandoned: number;
  short: number;
  overflowed: number;
  open: number;
  service_level: number | null;
  answer_rate: number | null;
  abandon_rate: number | null;
  asa_s: number | null;
  longest_s: number | null;
  aht_s: number | null;
}

export interface Group extends Figures {
  key: string | null;
}

export interface StaysReport {
  by: By;
  items: Group[];
  total: Figures;
  sealed?: { at: string; by: string; whole: boolean };
}

/** A month whose figures stay what they were; `whole`: nobody changed them under the seal. */
export interface Seal {
  id: string;
  month: string;
  zone: string;
  by: string;
  at: string;
  whole: boolean;
  total: Figures;
}

/** A figure that would be another if it were counted today. */
export interface Difference {
  by: string;
  key: string | null;
  figure: string;
  sealed: unknown;
  now: unknown;
}

export interface ComparedSeal extends Seal {
  differ: number;
  differences: Difference[];
}

export interface AgentFigures {
  key: string;
  name: string;
  answered: number;
  aht_s: number | null;
  signed_in_s: number;
  states: Record<string, number>;
  reasons: Record<string, number>;
  offers: Record<string, number>;
  occupancy: number | null;
}

export interface Stay {
  interaction: string;
  segment: number;
  channel: string;
  line: string | null;
  agent: string | null;
  party_name: string;
  subject: string | null;
  entered_at: string;
  answered_at: string | null;
  outcome: string | null;
  talk_s: number;
}

/** What is counted: a stretch of time, and of it one line or channel. */
export interface Chosen {
  since: string;
  until: string;
  line: string | null;
  channel: string | null;
  agent?: string | null;
}

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const reports = {
  stays: (by: By, chosen: Chosen, signal?: AbortSignal) => get<StaysReport>(`/reports/stays${query({ by, zone: ZONE, ...chosen })}`, signal),
  agents: ({ since, until }: Chosen, signal?: AbortSignal) => get<{ items: AgentFigures[] }>(`/reports/agents${query({ since, until })}`, signal),
  behind: (number: string, chosen: Chosen, cursor: string | null, signal?: AbortSignal) =>
    get<Page<Stay>>(`/reports/behind${query({ number, cursor, ...chosen })}`, signal),
  seals: (signal?: AbortSignal) => get<Page<Seal>>("/reports/seals", signal),
  sealed: (month: string, zone: string, signal?: AbortSignal) => get<ComparedSeal>(`/reports/seals/${month}${query({ zone })}`, signal),
  seal: (month: string) => send<Seal>("POST", "/reports/seals", { month, zone: ZONE }),
};

/** The month before the one that goes on, as `2026-10`. */
export function lastMonth(now: Date): string {
  const first = new Date(now.getFullYear(), now.getMonth() - 1, 1);
  return `${first.getFullYear()}-${String(first.getMonth() + 1).padStart(2, "0")}`;
}

/** The whole of a month by the clock of who looks. */
export function monthOf(month: string): { since: string; until: string } {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return { since: new Date(year, number - 1, 1).toISOString(), until: new Date(year, number, 1).toISOString() };
}

/** Where a report lies as a file. */
export function fileOf(by: By, chosen: Chosen, form: "csv" | "xlsx"): string {
  const { since, until } = chosen;
  return by === "agent" ? `${ROOT}/reports/agents${query({ since, until, form })}` : `${ROOT}/reports/stays${query({ by, zone: ZONE, form, ...chosen })}`;
}

export const SPANS = ["today", "yesterday", "week", "month"] as const;
export type Span = (typeof SPANS)[number];

/** A stretch of whole days by the clock of who looks: today so far, yesterday, the last seven days, the last thirty. */
export function spanOf(span: Span, now: Date): { since: string; until: string } {
  const midnight = (daysAgo: number): Date => new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo);
  const begin = { today: 0, yesterday: 1, week: 6, month: 29 }[span];
  const until = span === "yesterday" ? midnight(0) : now;
  return { since: midnight(begin).toISOString(), until: until.toISOString() };
}

/** The stretch an hour or day of a report stands for; null where it stands for none. */
export function within(by: By, key: string | null, zoned: Chosen): Chosen | null {
  if (key === null) return null;
  if (by === "line" || by === "channel" || by === "agent") return { ...zoned, [by]: key };
  if (by === "weekday_hour" || by === "team") return null;
  const begin = by === "day" ? dayAt(key, 0) : new Date(key);
  const end = by === "day" ? dayAt(key, 1) : new Date(begin.getTime() + 3_600_000);
  return { ...zoned, since: later(begin.toISOString(), zoned.since), until: earlier(end.toISOString(), zoned.until) };
}

function dayAt(day: string, after: number): Date {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + after);
}

function later(one: string, other: string): string {
  return Date.parse(one) > Date.parse(other) ? one : other;
}

function earlier(one: string, other: string): string {
  return Date.parse(one) < Date.parse(other) ? one : other;
}

/** The week as it is met: for each weekday (1 = Monday) 24 hours, with what came in. */
export function weekOf(items: Group[]): (Group | null)[][] {
  const found = new Map(items.map((item) => [item.key, item]));
  const two = (hour: number): string => String(hour).padStart(2, "0");
  return [1, 2, 3, 4, 5, 6, 7].map((day) => Array.from({ length: 24 }, (_, hour) => found.get(`${day} ${two(hour)}`) ?? null));
}
