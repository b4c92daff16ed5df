/**
 * The wire's objects as docs/wire.md names them.  Fields may be added by the server; none is ever changed.
 *
 * Times are RFC 3339 UTC text, durations seconds, ids opaque strings.
 */

export type InteractionState =
  | "received"
  | "queued"
  | "offered"
  | "active"
  | "held"
  | "parked"
  | "wrapup"
  | "closed"
  | "abandoned"
  | "quarantined";

export type Direction = "inbound" | "outbound" | "internal";
export type ResolveState = "known" | "confirmed" | "ambiguous" | "maybe" | "unknown" | "anonymous";
export type Intent = "ready" | "not_ready" | "logged_out";
export type Role = "agent" | "senior" | "editor" | "quality" | "supervisor" | "privacy" | "auditor" | "integrator" | "admin";
export type AgentMood =
  | "logged_out"
  | "lost"
  | "talking"
  | "held"
  | "wrapup"
  | "offered"
  | "not_ready"
  | "ready";

export interface SkillLevel {
  skill: string;
  level: number;
}

export interface InteractionView {
  id: string;
  channel: string;
  direction: Direction;
  line: string | null;
  state: InteractionState;
  state_since: string | null;
  priority: number;
  skills: SkillLevel[];
  subject: string | null;
  from: string | null;
  /** The same as people write it: 138 0013 8000. */
  from_display: string | null;
  to: string | null;
  to_display: string | null;
  queued_at: string | null;
  answered_at: string | null;
  ended_at: string | null;
  party_id: string | null;
  resolve_state: ResolveState | null;
  /** Its sender refers to the conversation of `parent_id` without taking part in it. */
  unverified?: boolean;
  customer_name: string | null;
  vip: number | null;
  agent: string | null;
  /** Whose console or phone rings, while it is offered. */
  offered_to?: string | null;
  outcome: string | null;
  ended_by: string | null;
  wait_s: number | null;
  talk_s: number | null;
  hold_s: number | null;
  wrap_s: number | null;
  wrapup_until: string | null;
  /** How often the wrap-up may still be extended. */
  wrapup_extensions?: number;
  parked_until: string | null;
  thread: string | null;
  case_id: string | null;
  parent_id: string | null;
  routed_by: string | null;
  live: boolean;
  disposition: string | null;
  unread: number | null;
  /** When the first message came that nobody has answered. */
  unanswered_since?: string | null;
  last_message: string | null;
  /** The callback that is owed to its customer, and waits for its end. */
  callback?: string | null;
  /** How a live contact stands beyond its state, as its channel says. */
  panel?: PanelView | null;
  /** REST only, of what could not be read. */
  quarantine_reason?: string | null;
}

/** Somebody an agent asked to join a call. */
export interface ThirdView {
  name: string;
  agent: string | null;
  number: string;
  /** ringing | talking (with the agent alone) | joined */
  state: string;
}

/** How a call is recorded: mode must | ask; state off | notice | starting | on | paused (with its reason) | missing. */
export interface TapeView {
  mode: string;
  state: string;
  reason?: string;
}

/** One recording; `peaks`: the loudest of each column, 0-100, the customer's side first. */
export interface RecordingView {
  id: string;
  interaction: string;
  segment: number;
  line: string;
  agent: string | null;
  /** begun | running | ended | kept | lost | expired */
  state: string;
  started_at: string;
  ended_at: string | null;
  seconds: number;
  notice_at: string | null;
  consent: string;
  gaps: { at_s: number; lasted_s: number; reason: string; agent: string | null }[];
  redactions: { from_s: number; to_s: number; reason: string; by: string; at: string }[];
  peaks: number[][];
  held: { reason: string; by: string; at: string } | null;
  expires_at: string | null;
}

export interface PanelView {
  /** ringing_agent | dialling | sending | talking | held | given | failed */
  phase?: string;
  /** null: after a cut or a restart nobody can say. */
  muted?: boolean | null;
  /** unknown: after a cut or a restart the PBX did not say whether the phone holds the call. */
  hold?: string;
  /** Keys that can be pressed, where the PBX routes the call; absent = all. */
  can?: string[];
  /** The PBX records it, as was asked for here; null: nobody can say. */
  recording?: boolean | null;
  /** The number it is being passed on to. */
  to?: string;
  /** Why nobody was reached. */
  why?: string;
  third?: ThirdView;
  tape?: TapeView;
  /** Who listens (listen), speaks to the agent alone (whisper) or takes part (barge). */
  supervisors?: { agent: string; mode: string; up: boolean }[];
}

export interface PointView {
  id?: string;
  /** The same, on a customer's own page. */
  contact_point?: string;
  kind: string;
  value?: string;
  display: string;
  level?: string;
  /** ok | soft (something did not get through lately) | hard (nothing does) | complained */
  status?: string;
  status_note?: string;
}

export interface CandidateView {
  party_id: string;
  name: string;
  kind: string;
  vip: number | null;
  level: string;
  why: string[];
  points: PointView[];
}

export interface TimelineItem {
  id: string;
  at: string;
  class: "conversation" | "work" | "commercial" | "change" | "system";
  channel: string | null;
  direction: Direction | null;
  ref: string | null;
  title: string | null;
  snippet: string | null;
  actor: string | null;
  line: string | null;
  state: string | null;
  outcome: string | null;
  /** Brought in from another system. */
  imported?: boolean;
  duration_s: number | null;
}

export interface CustomerHead {
  resolve_state: ResolveState;
  party_id: string | null;
  point: PointView | null;
  candidates: CandidateView[];
  timeline: TimelineItem[];
  open_cases: number;
}

export interface AttachmentView {
  id: string;
  name: string;
  media_type: string;
  size: number;
  page: number | null;
  inline: boolean;
  url: string;
  /** Why it is held (virus, type, unscanned): only a supervisor may save it. */
  held?: string | null;
}

export interface Fate {
  address: string;
  action: string;
  status: string;
  detail: string;
  at: string;
}

export interface MessageView {
  id: string;
  interaction: string;
  seq: number;
  at: string;
  direction: Direction;
  sender: string;
  sender_name: string | null;
  text: string;
  has_html: boolean;
  attachments: AttachmentView[];
  delivery_state: string | null;
  /** When it leaves, while it can still be taken back. */
  send_at?: string | null;
  /** What was last said about it on its way. */
  delivery_detail?: string;
  /** What was reported about it, address by address. */
  fates?: Fate[];
  /** Why nobody wrote it; null when a person did. */
  auto?: string | null;
  /** What is proved about its sender: `verdict` pass | fail | none | temp, and the result of each method. */
  checks?: Record<string, string> | null;
  /** What it invites to: method, what, where, from, to, by, repeats. */
  event?: Record<string, string> | null;
  /** What its signature proves: `state` valid | mismatch | unknown | unreadable | invalid, `by` whose key, `why`. */
  seal?: Record<string, string> | null;
  /** smime_signed, smime_encrypted, pgp_signed, pgp_encrypted: what it says it is, not verified. */
  protection?: string | null;
  /** What should make a reader careful. */
  flags?: { kind: string; about: string }[];
  provider_id: string | null;
  recipients: { role: string; name: string | null; address: string }[];
  client_id: string | null;
  /** Its sender takes no part in the conversation it refers to. */
  unverified?: boolean;
}

/** A message that has not left yet, or did not arrive. */
export interface OutboxItem {
  message: string;
  interaction: string;
  interaction_state: string;
  channel: string;
  line: string | null;
  agent: string | null;
  box: "held" | "failed" | "waiting" | "scheduled";
  state: string;
  to: string[];
  subject: string;
  snippet: string;
  at: string;
  next_at: string | null;
  attempts: number;
  detail: string;
}

/** What a provider allows, and how much of it is used. */
export interface SendLimit {
  channel: string;
  name: string;
  host: string;
  window: "minute" | "day";
  limit: number;
  used: number;
}

/** What may be said in an interaction, filled in. */
export interface TemplateList {
  items: { kind: "own" | "shared" | "policy"; name: string; label: { zh: string; en: string }; text: { zh?: string; en?: string } }[];
  signature: { zh?: string; en?: string };
}

/** One take of an announcement in one language. */
export interface PromptTake {
  id: string;
  name: string;
  language: string;
  /** What is said, to be read. */
  words: string;
  seconds: number;
  valid_from: string;
  valid_until: string | null;
  created_at: string;
  created_by: string;
}

/** In `line`, `plays` is heard in the place of `name`; empty: nothing. */
export interface PromptSwitch {
  line: string;
  name: string;
  plays: string;
  until: string | null;
  reason: string;
  at: string;
  by: string;
}

export interface PromptLibrary {
  items: PromptTake[];
  switches: PromptSwitch[];
  /** Places that name an announcement which is not there in a language. */
  missing: { where: string; name: string; language: string }[];
  /** Names that settings and lines use. */
  named: string[];
}

/** How many calls became what in a record. */
export interface OutsideCounts {
  total: number;
  answered: number;
  abandoned: number;
  left: number;
  open: number;
}

/** One call on which the records do not agree. */
export interface OutsideDifference {
  id: string;
  /** Our contact; empty: there is none. */
  contact: string;
  line: string;
  began: string;
  what: string;
  ours: string;
  theirs: string;
  reason: string;
}

export interface OutsideRecord {
  source: string;
  agrees: boolean;
  ours: OutsideCounts;
  theirs: OutsideCounts;
  lines: { line: string; ours: OutsideCounts; theirs: OutsideCounts }[];
  differing: number;
  differences: OutsideDifference[];
  unread: number;
}

/** A day of a PBX's own records, held against ours. */
export interface OutsideDay {
  date: string;
  records: OutsideRecord[];
  missing: string[];
  router: { contacts: number; answered: number; abandoned: number; wait_s: number | null } | null;
}

/** How often callers took one way out of a menu; `choice` empty: they hung up in it. */
export interface MenuWay {
  menu: string;
  choice: string;
  label: string;
  count: number;
}

/** A text that is used often, as it was written. */
export interface TextBlock {
  id: string;
  /** Everybody's; else one's own. */
  shared: boolean;
  name: string;
  text: { zh?: string; en?: string };
  /** For which lines; none = for all. */
  lines: string[];
  row_version: number;
  updated_at: string;
}

/** How a text stood. */
export interface TextVersion {
  version: number;
  agent: string;
  at: string;
  name: string;
  text: { zh?: string; en?: string };
}

/** A sender on the red list: never blocked. */
export interface ProtectedSender {
  kind: string;
  value: string;
  agent: string;
  at: string;
  /** When it ends by itself; null = never. */
  until: string | null;
  reason: string;
  /** In line they stand with the most important customers. */
  first: boolean;
  /** Nobody here calls them. */
  uncalled: boolean;
}

/** A sender whose contacts are filed as junk. */
export interface BlockedSender {
  kind: string;
  value: string;
  agent: string;
  interaction: string | null;
  at: string;
  /** When they are let in again by themselves; null = never. */
  until: string | null;
  reason: string;
}

export interface OutboxView {
  items: OutboxItem[];
  limits: SendLimit[];
}

export interface SlotView {
  channel: string;
  state: string;
  count: number;
}

export interface AgentWork {
  interaction: string;
  channel: string;
  line: string | null;
  state: InteractionState;
  since: string | null;
}

export interface AgentView {
  agent: string;
  name: string | null;
  role: Role;
  intent: Intent;
  reason: string | null;
  next_intent: Intent | null;
  health: "ok" | "lagging" | "lost";
  state: AgentMood;
  since: string | null;
  slots: SlotView[];
  lines: string[];
  skills: SkillLevel[];
  used: number;
  work: AgentWork[];
}

export interface MeView extends AgentView {
  username: string;
  languages: string[];
  /** What this role may do, be it only with its own; screens show no more. */
  rights?: string[];
}

export interface Label {
  zh?: string;
  en?: string;
}

export interface LineView {
  line: string;
  label: Label | string | null;
  waiting: number;
  oldest_at: string | null;
  by_channel: Record<string, number>;
  ready: number;
  open: boolean;
  service_level: number | null;
  answered: number;
  abandoned: number;
  sla_s: number | null;
  /** Seconds that half, and nine in ten, of those who come now will not wait longer than; null = unknown. */
  wait_p50_s?: number | null;
  wait_p90_s?: number | null;
}

export interface AlertView {
  id: string;
  at: string;
  kind: string;
  agent: string | null;
  interaction: string | null;
  line: string | null;
  detail: unknown;
}

export interface Reason {
  key: string;
  params: Record<string, unknown>;
}

export interface OfferView {
  offer: string;
  lease: string;
  offered_at: string | null;
  expires_at: string;
  reasons: Reason[];
  interaction: InteractionView;
  customer: CustomerHead;
}

export interface FloorView {
  waiting: InteractionView[];
  agents: AgentView[];
  lines: LineView[];
  alerts: AlertView[];
}

export interface ConsoleState {
  me: MeView;
  work: InteractionView[];
  offers: OfferView[];
  floor: FloorView;
  policy_version: number | null;
}

/** What `event` frames carry, by the event's name. */
export interface EventData {
  "offer.created": OfferView;
  "offer.ended": { offer: string; interaction: string; outcome: string; reason: string | null };
  "interaction.changed": { interaction: InteractionView; mine: boolean };
  "message.added": { interaction: string; message: MessageView };
  "agent.changed": { agent: AgentView };
  "floor.changed": {
    waiting?: { upsert?: InteractionView[]; remove?: string[] };
    lines?: LineView[];
    lines_removed?: string[];
    agents_removed?: string[];
    policy_version?: number;
  };
  "alert.raised": AlertView;
  "outbox.changed": Record<string, never>;
  "case.news": { case: string; no: string; type: string; unseen: number };
  "announcement.news": Record<string, never>;
  "approval.news": Record<string, never>;
}

export type EventName = keyof EventData;
export type WireEvent = { [K in EventName]: { seq: number; event: K; data: EventData[K] } }[EventName];

export type ServerFrame =
  | { type: "snapshot"; epoch: string; seq: number; state: ConsoleState }
  | ({ type: "event" } & WireEvent)
  | { type: "result"; id: string; ok: true; data?: unknown }
  | { type: "result"; id: string; ok: false; error: WireError };

export interface WireError {
  code: string;
  text: string;
  field?: string | null;
}

export type ClientFrame =
  | { type: "hello"; protocol: 1; resume: { epoch: string; seq: number } | null }
  | { type: "command"; id: string; command: string; data: object }
  | { type: "heartbeat" };

export interface Topic {
  disposition: string;
  case?: string | null;
  note?: string | null;
}

/** GET /api/v1/agents as an agent sees colleagues. */
export type Colleague = Pick<AgentView, "agent" | "name" | "role" | "state" | "since" | "lines">;

/** GET /api/v1/interactions/{id}: the row, and what the screens about it need. */
export interface InteractionDetail extends InteractionView {
  customer?: CustomerHead | null;
  /** Where an answer goes unless the agent names others. */
  answers_to?: string[];
  topics?: Topic[];
  note?: string | null;
  offers?: { agent: string; outcome: string | null; offered_at: string | null; ring_s: number | null }[];
  segments?: {
    line: string | null;
    reason: string;
    entered_at: string | null;
    answered_at: string | null;
    ended_at: string | null;
    agent: string | null;
    outcome: string | null;
  }[];
}

/** GET /api/v1/interactions/{id}/events: what happened to it, in order. */
export interface InteractionEvent {
  id: string;
  at: string;
  kind?: string;
  event?: string;
  actor?: string | null;
  text?: string | null;
  detail?: unknown;
}

export interface PartyView {
  id: string;
  no?: string | null;
  name: string;
  kind: string;
  vip?: number | null;
  language?: string | null;
  owner?: string | null;
  note?: string | null;
  salutation?: string;
  legal_name?: string;
  uscc?: string | null;
  lifecycle?: string;
  /** How many records are this one customer. */
  records?: number;
  merged_into?: string | null;
  row_version?: number;
  points?: PointView[];
  open_cases?: number;
  team?: string | null;
  roles?: string[];
  tags?: string[];
  credit_level?: number | null;
  credit_flag?: string | null;
  preferences?: { channel?: string | null; hours?: string | null; do_not_call?: boolean | null } | null;
  custom?: Record<string, unknown>;
  last_contact_at?: string | null;
  open_complaints?: number;
  scores?: ScoresView | null;
}

/** What was last counted of a customer; the amount in the smallest unit. */
export interface ScoresView {
  value: number | null;
  value_class: string | null;
  contacts: number;
  contact_class: string | null;
  complaints: number;
  last_contact_at: string | null;
  contract_ends_at: string | null;
  segments: string[];
  as_of: string | null;
}

export interface SegmentView {
  key: string;
  label: Record<string, string>;
  conditions: Record<string, unknown>[];
  count: number;
  /** Named when it is changed: who changes another one than they saw is told so. */
  version: string;
}

export interface SegmentsView {
  items: SegmentView[];
  value: Record<string, number>;
  contact: Record<string, number>;
  as_of: string | null;
  counting: boolean;
  fields: string[];
  in_file: boolean;
}

/** What became of customers who were added to a campaign. */
export interface AddedView {
  added: number;
  already: number;
  left_out: Record<string, number>;
  more: boolean;
  /** Where to go on. */
  after: string | null;
  looked_at: number;
}

/** A customer in a campaign. */
export interface MemberView {
  id: string;
  campaign: string;
  party_id: string;
  party_name: string;
  state: string;
  reason: string | null;
  attempts: number;
  outcome: string;
  next_at: string | null;
  last_at: string | null;
  last_by: string | null;
}

export interface CampaignFigures {
  members: number;
  states: Record<string, number>;
  reasons: Record<string, number>;
  attempts: number;
  reached_rate: number | null;
}

/** Of how many customers conditions hold. */
export interface TriedView {
  count: number;
  looked_at: number;
  more: boolean;
  sample: { party_id: string; name: string }[];
}

/** A field this house has added. */
export interface FieldView {
  id: string;
  entity: string;
  key: string;
  type: "text" | "long" | "int" | "decimal" | "money" | "bool" | "date" | "select" | "multi" | "url" | "user" | "party";
  labels: Record<string, string>;
  options: { key: string; label: Record<string, string>; retired?: boolean }[];
  required: boolean;
  searchable: boolean;
  filterable: boolean;
  retired_at: string | null;
  row_version: number;
}

/** Who stands around a customer. */
export interface LinksView {
  nodes: { id: string; name: string; kind: string; hop: number }[];
  links: { id: string; from: string; to: string; role: string; title: string; department: string }[];
}

/** Something that was found; `…_marks` are the places that matched. */
export interface HitView {
  kind: "party" | "case" | "message";
  id: string;
  title: string;
  title_marks: [number, number][];
  snippet: string;
  snippet_marks: [number, number][];
  at: string | null;
  party_id: string | null;
  party_name: string;
  party_kind?: string;
  vip?: number;
  points?: PointView[];
  interaction?: string;
  channel?: string;
  no?: string;
  state?: string;
}

/** A clock of a case. */
export interface CaseTimer {
  target: "first_response" | "resolution";
  state: "running" | "paused" | "met" | "breached" | "late";
  due_at: string | null;
  met_at: string | null;
  breached_at: string | null;
  span_s: number;
  spent_s: number;
}

export interface CaseEvent {
  seq: number;
  at: string;
  type: string;
  actor: string | null;
  text: string;
  data: Record<string, unknown>;
}

export interface CaseView {
  id: string;
  no: string;
  /** Of a case I follow: what happened in it since I looked. */
  unseen?: number;
  type: string;
  state: string;
  stage: string | null;
  priority: number;
  severity: number;
  subject: string;
  party_id: string | null;
  party_name: string;
  assignee: string | null;
  assignee_name: string;
  escalation: number;
  row_version: number;
  created_at: string;
  updated_at: string;
  closed_at: string | null;
  timers: CaseTimer[];
  template?: string | null;
  body?: string;
  checklist?: CaseStep[];
  events?: CaseEvent[];
  parts?: CaseView[];
  links?: { id: string; no: string; subject: string; kind: string; way: "to" | "from" }[];
  watchers?: string[];
}

/** Something to be done in a case. */
export interface CaseStep {
  id?: string;
  text: string;
  done: boolean;
  due_at?: string | null;
  required?: boolean;
  line?: string | null;
}

/** What somebody holds, of one kind. */
export interface HoldingView {
  kind: string;
  count: number;
  some: { id: string; label: string }[];
}

/** Somebody left, and somebody took over. */
export interface HandoverView {
  id: string;
  leaver_name: string;
  heir_name: string;
  at: string;
  counts: Record<string, number>;
  undone_at: string | null;
  kept: { kind: string; id: string; now: string | null }[];
}

/** Work nobody sent. */
export interface TaskView {
  id: string;
  kind: "step" | "follow_up" | "approval" | "quarantine" | "campaign" | "writeback";
  subject: string;
  body: string;
  state: "waiting" | "queued" | "done" | "dropped";
  party_id: string | null;
  party_name: string;
  case_id: string | null;
  case_no: string | null;
  about_id: string | null;
  interaction_id: string | null;
  due_at: string;
}

/** Why a clock ends when it ends. */
export interface CaseClock {
  target: string;
  started_at: string;
  span_s: number;
  stretches: { from: string; to: string }[];
  pauses: { from: string; to: string | null; reason: string }[];
  /** The service contract it goes by, and why others do not cover the case. */
  contract: { id: string; no: string; title: string; level: string | null; label: { zh?: string; en?: string } } | null;
  not_covered_by: { id: string; no: string; why: string }[];
  passed_over: { day: string; kind: string; name: Record<string, string> }[];
}

export interface PromiseView {
  id: string;
  text: string;
  due_at: string;
  owner: string;
}

/** An entry of the journal of merges and splits. */
export interface MergeView {
  id: string;
  kind: "merge" | "split";
  survivor: string;
  survivor_name: string;
  losers: { party_id: string; name: string }[];
  fields: { field: string; before: unknown; after: unknown }[];
  reason: string;
  at: string;
  by: string | null;
  undone_at: string | null;
  /** What an undo left, as somebody had changed it since. */
  kept: { field: string; before: unknown; merged: unknown; now: unknown }[];
}

/** Two records that may be one customer. */
export interface DuplicateView {
  id: string;
  a: { party_id: string; name: string };
  b: { party_id: string; name: string };
  score: number;
  reasons: string[];
  state: string;
  at: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** A published article as somebody looks it up. */
export interface FoundArticle {
  id: string;
  no: string;
  language: "zh" | "en";
  title: string;
  title_marks: [number, number][];
  snippet: string;
  snippet_marks: [number, number][];
  snippets: Partial<Record<"letter" | "short" | "spoken", string>>;
  used: number;
  body?: string;
  text?: string;
}

export interface ArticleText {
  title: string;
  body: string;
  snippets: Partial<Record<"letter" | "short" | "spoken", string>>;
  words: string[];
}

/** An article as those see it who write it. */
export interface ArticleHead {
  id: string;
  no: string;
  titles: Partial<Record<"zh" | "en", string>>;
  category: string | null;
  audience: "internal" | "public";
  state: "draft" | "review" | "published" | "replaced" | "withdrawn";
  n: number;
  author_name: string;
  is_published: boolean;
  valid_from: string | null;
  valid_until: string | null;
  used: number;
  helpful: number;
  unhelpful: number;
  updated_at: string;
  row_version: number;
}

export interface ArticleView extends ArticleHead {
  texts: Partial<Record<"zh" | "en", ArticleText>>;
  revision_version: number;
  versions: {
    n: number;
    state: string;
    author: string | null;
    reviewer: string | null;
    note: string;
    at: string;
    texts: Partial<Record<"zh" | "en", ArticleText>>;
  }[];
}

export interface KnowledgeCategory {
  id: string;
  parent: string | null;
  name: Partial<Record<"zh" | "en", string>>;
  articles: number;
}

export interface SurveyQuestion {
  key: string;
  kind: "score" | "text";
  text: Partial<Record<"zh" | "en", string>>;
  lowest: number;
  best: number;
}

export interface SurveyView {
  id: string;
  name: string;
  line: string | null;
  channel: string | null;
  language: "zh" | "en";
  questions: SurveyQuestion[];
  intro: Partial<Record<"zh" | "en", string>>;
  closing: Partial<Record<"zh" | "en", string>>;
  share: number;
  every_days: number;
  valid_hours: number;
  low: number | null;
  active: boolean;
  row_version: number;
}

/** One customer asked after one contact. */
export interface Invitation {
  id: string;
  interaction: string;
  agent_name: string;
  party_id: string | null;
  party_name: string;
  channel: string;
  state: string;
  asked_at: string;
  score: number | null;
  comment: string;
  case_id: string | null;
  questions: SurveyQuestion[];
}

export interface Satisfaction {
  key: string | null;
  asked: number;
  answered: number;
  refused: number;
  hung_up: number;
  low: number;
  rate: number;
  satisfaction: number | null;
}

type Names = Record<"zh" | "en", string>;

/** One kind of business record: what forms, lists and cards are made of. */
export interface RecordKind {
  kind: string;
  label: Names;
  stages: { stage: string; label: Names; next: string[] }[];
  fields: { key: string; type: string; label: Names; choices: Record<string, Names> }[];
  of_party: boolean;
  has_amount: boolean;
  span: Names[] | null;
  mirrored_only: boolean;
}

/** A business record; with a `source` it is kept in another system. */
export interface RecordView {
  id: string;
  kind: string;
  no: string;
  title: string;
  party_id: string | null;
  party_name: string;
  stage: string;
  owner_name: string;
  amount: number | null;
  currency: string | null;
  begins_at: string | null;
  ends_at: string | null;
  fields: Record<string, unknown>;
  source: string | null;
  url: string;
  as_of: string | null;
  updated_at: string;
  row_version: number;
  events?: { seq: number; at: string; type: string; actor: string | null; text: string; data: Record<string, unknown> }[];
  /** Level of the identity check from which more is shown than id, kind and customer. */
  closed?: number;
}

export interface CardsView {
  contract: { id: string; until: string | null; title: string; entitlements: string[]; standing: string; included: number | null; used: number; left: number | null; closed?: number } | null;
  items: { kind: string; count: number; records: RecordView[] }[];
}
