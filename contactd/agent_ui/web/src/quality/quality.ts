/** Scorecards, sampling, assessments and service quality over REST. */
import { get, query, ROOT, send } from "../api";
import type { Page } from "../wire";

export type Text = Partial<Record<"zh" | "en", string>>;

export interface CardQuestion {
  key: string;
  kind: "yes" | "scale";
  text: Text;
  best: number;
  weight: number;
  fatal: boolean;
  optional: boolean;
}

export interface CardSection {
  title: Text;
  questions: CardQuestion[];
}

export interface Scorecard {
  id: string;
  name: string;
  channel: string | null;
  version: number;
  active: boolean;
  sections: CardSection[];
  row_version: number;
}

export interface Sampling {
  id: string;
  name: string;
  form_id: string;
  line: string | null;
  channel: string | null;
  how: "number" | "percent";
  amount: number;
  least_s: number;
  most_percent: number | null;
  complaint: boolean;
  zone: string;
  active: boolean;
  row_version: number;
}

export interface Draw {
  rule_id: string;
  name: string;
  week: string;
  seed: string;
  candidates: number;
  agents: number;
  drawn: number;
}

/** Question → value; null: does not apply. */
export type Answers = Record<string, number | null>;

export interface ReviewView {
  id: string;
  interaction: string;
  agent: string;
  agent_name: string;
  assessor: string | null;
  assessor_name: string;
  line: string | null;
  channel: string;
  subject: string;
  contact_at: string;
  scorecard: string;
  scorecard_name: string;
  form_version: number;
  rule_id: string | null;
  calibrates: string | null;
  picked: boolean;
  state: "drawn" | "done" | "objected" | "settled";
  answers: Answers;
  remarks: Record<string, string>;
  comment: string;
  score: number | null;
  first_score: number | null;
  failed: string[];
  objection: string;
  reply: string;
  settled_by: string | null;
  made_at: string;
  done_at: string | null;
  seen_at: string | null;
  row_version: number;
  sections?: CardSection[];
}

export interface Calibration {
  id: string;
  assessor: string;
  name: string;
  score: number | null;
  answers: Answers;
}

export interface QualityRow {
  key: string | null;
  name: string;
  answered: number;
  response_s: number | null;
  settled: number;
  resolution: number | null;
  scored: number;
  satisfaction: number | null;
  assessed: number;
  assessment: number | null;
  fatal: number;
}

const id = encodeURIComponent;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const quality = {
  reviews: (filter: Record<string, string | null>, signal?: AbortSignal) => get<Page<ReviewView>>(`/reviews${query({ limit: 50, ...filter })}`, signal),
  review: (key: string, signal?: AbortSignal) => get<ReviewView>(`/reviews/${id(key)}`, signal),
  calibrations: (key: string, signal?: AbortSignal) => get<{ items: Calibration[] }>(`/reviews/${id(key)}/calibrations`, signal),
  ask: (interaction: string, scorecard: string) => send<ReviewView>("POST", "/reviews", { interaction, scorecard }),
  act: (key: string, act: "assess" | "object" | "settle" | "calibrate", given: object) => send<ReviewView>("POST", `/reviews/${id(key)}/${act}`, given),
  scorecards: (signal?: AbortSignal) => get<{ items: Scorecard[] }>("/scorecards", signal),
  createCard: (fields: object) => send<Scorecard>("POST", "/scorecards", fields),
  changeCard: (key: string, fields: object) => send<Scorecard>("PATCH", `/scorecards/${id(key)}`, fields),
  samplings: (signal?: AbortSignal) => get<{ items: Sampling[]; draws: Draw[] }>("/samplings", signal),
  createRule: (fields: object) => send<Sampling>("POST", "/samplings", fields),
  changeRule: (key: string, fields: object) => send<Sampling>("PATCH", `/samplings/${id(key)}`, fields),
  figures: (by: string, span: { since: string; until: string }, days: number, signal?: AbortSignal) =>
    get<{ items: QualityRow[]; total: QualityRow }>(`/reports/quality${query({ by, zone: ZONE, days, ...span })}`, signal),
};

/** Where the report lies as a file. */
export function fileOf(by: string, span: { since: string; until: string }, days: number, form: "csv" | "xlsx"): string {
  return `${ROOT}/reports/quality${query({ by, zone: ZONE, days, form, ...span })}`;
}

/** What answers would come to, as the server counts it: the weighted mean of what applies; null while something is open. */
export function scoreOf(sections: CardSection[], answers: Answers): number | null {
  const asked = sections.flatMap((section) => section.questions);
  if (asked.some((one) => answers[one.key] === undefined)) return null;
  const given = asked.filter((one) => answers[one.key] !== null);
  const most = given.reduce((sum, one) => sum + one.weight, 0);
  if (most === 0) return null;
  if (given.some((one) => one.fatal && answers[one.key] === 0)) return 0;
  return Math.round((100 * given.reduce((sum, one) => sum + (one.weight * (answers[one.key] ?? 0)) / one.best, 0)) / most);
}

/** A text of a scorecard in the language of who reads, else in the one it has. */
export function inWords(text: Text, language: "zh-CN" | "en"): string {
  return (language === "en" ? (text.en ?? text.zh) : (text.zh ?? text.en)) ?? "";
}
