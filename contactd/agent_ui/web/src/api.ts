/** REST reads and the few writes that are not commands.  Errors are problem+json, thrown as `ApiError`. */
import { CommandError } from "./socket";
import type {
  AddedView,
  ArticleHead,
  ArticleView,
  BlockedSender,
  MenuWay,
  OutsideDay,
  ProtectedSender,
  PromptLibrary,
  PromptTake,
  CardsView,
  CaseClock,
  CaseView,
  TaskView,
  CampaignFigures,
  FieldView,
  MemberView,
  SegmentsView,
  TriedView,
  LinksView,
  HandoverView,
  HoldingView,
  Colleague,
  CustomerHead,
  DuplicateView,
  FoundArticle,
  HitView,
  InteractionDetail,
  InteractionEvent,
  InteractionView,
  Invitation,
  KnowledgeCategory,
  MergeView,
  MeView,
  MessageView,
  OutboxView,
  TemplateList,
  TextBlock,
  TextVersion,
  Page,
  PartyView,
  PromiseView,
  RecordKind,
  RecordView,
  Satisfaction,
  SurveyView,
  RecordingView,
  TimelineItem,
} from "./wire";

export const ROOT = "/api/v1";
const PAGES_MAX = 10;

/** What the server answered instead of the thing asked for; `status` 0: it could not be reached. */
export class ApiError extends CommandError {
  readonly status: number;

  constructor(status: number, code: string, text: string) {
    super({ code, text });
    this.status = status;
  }
}

let skewMs = 0;

/** How far the server's clock is ahead of this machine's, in milliseconds; small differences count as none. */
export function clockSkew(): number {
  return skewMs;
}

function learnClock(response: Response): void {
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(date)) return;
  const skew = date + 500 - Date.now();
  skewMs = Math.abs(skew) < 2000 ? 0 : skew;
}

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "");
  }
  learnClock(response);
  if (!response.ok) throw await problem(response);
  return response;
}

async function problem(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const code = typeof fields.code === "string" ? fields.code : `http_${response.status}`;
  const text = [fields.detail, fields.title].find((value) => typeof value === "string" && value !== "");
  return new ApiError(response.status, code, typeof text === "string" ? text : response.statusText);
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await request(ROOT + path, signal ? { signal } : {});
  return (await response.json()) as T;
}

export async function send<T>(method: string, path: string, body?: object): Promise<T | null> {
  const response = await request(ROOT + path, {
    method,
    headers: { "Content-Type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return text === "" ? null : (JSON.parse(text) as T);
}

type Asked = Record<string, string | number | boolean | string[] | null | undefined>;

export function query(values: Asked): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (Array.isArray(value)) {
      for (const one of value) search.append(key, one);
      continue;
    }
    if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

const id = encodeURIComponent;

export const api = {
  me: (signal?: AbortSignal) => get<Partial<MeView> & { username: string }>("/me", signal),
  policy: (signal?: AbortSignal) => get<unknown>("/policy", signal),

  async login(username: string, password: string): Promise<void> {
    await send("POST", "/session", { username, password });
  },
  async logout(): Promise<void> {
    await send("DELETE", "/session");
  },

  interaction: (key: string, signal?: AbortSignal) => get<InteractionDetail>(`/interactions/${id(key)}`, signal),

  /** The whole conversation, oldest first; bounded, because a screen is. */
  async messages(key: string, signal?: AbortSignal): Promise<MessageView[]> {
    const all: MessageView[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page++) {
      const path: string = `/interactions/${id(key)}/messages${query({ limit: 200, cursor })}`;
      const answer: Page<MessageView> = await get<Page<MessageView>>(path, signal);
      all.push(...answer.items);
      cursor = answer.next_cursor;
      if (cursor === null) break;
    }
    return all.sort(byTime);
  },
  events: (key: string, signal?: AbortSignal) =>
    get<Page<InteractionEvent>>(`/interactions/${id(key)}/events${query({ limit: 200 })}`, signal),
  agents: (signal?: AbortSignal) => get<Page<Colleague>>(`/agents${query({ limit: 200 })}`, signal),
  queue: (line: string | null, cursor: string | null, signal?: AbortSignal) =>
    get<Page<InteractionView>>(`/queue${query({ limit: 200, line, cursor })}`, signal),
  explain: (key: string, signal?: AbortSignal) => get<unknown>(`/interactions/${id(key)}/explain`, signal),
  explainAgent: (agent: string, signal?: AbortSignal) => get<unknown>(`/agents/${id(agent)}/explain`, signal),
  interactions: (filter: Record<string, string | null>, signal?: AbortSignal) =>
    get<Page<InteractionView>>(`/interactions${query({ limit: 100, ...filter })}`, signal),
  replay: (key: string) => send("POST", `/interactions/${id(key)}/replay`),
  dismiss: (key: string, reason: string) => send("POST", `/interactions/${id(key)}/dismiss`, { reason }),

  recordings: (key: string, signal?: AbortSignal) => get<Page<RecordingView>>(`/interactions/${id(key)}/recordings`, signal),
  soundUrl: (key: string) => `${ROOT}/recordings/${id(key)}/sound`,
  redact: (key: string, span: object) => send("POST", `/recordings/${id(key)}/redact`, span),
  holdRecording: (key: string, hold: object) => send("POST", `/recordings/${id(key)}/hold`, hold),
  newer: (key: string, since: string, signal?: AbortSignal) =>
    get<Page<MessageView>>(`/interactions/${id(key)}/newer${query({ since })}`, signal),
  templates: (key: string, signal?: AbortSignal) => get<TemplateList>(`/interactions/${id(key)}/templates`, signal),
  prompts: (signal?: AbortSignal) => get<PromptLibrary>("/prompts", signal),
  menuWays: (since: string, signal?: AbortSignal) => get<{ callers: number; more: boolean; items: MenuWay[] }>(`/menu-ways${query({ since })}`, signal),
  outside: (date: string, signal?: AbortSignal) => get<OutsideDay>(`/outside/compare${query({ date })}`, signal),
  promptSound: (key: string) => `${ROOT}/prompts/${id(key)}/sound`,
  retirePrompt: (key: string) => send<null>("DELETE", `/prompts/${id(key)}`, undefined),
  switchPrompt: (change: object) => send("POST", "/prompt-switches", change),
  async addPrompt(form: FormData): Promise<PromptTake> {
    const response = await request(`${ROOT}/prompts`, { method: "POST", body: form });
    return (await response.json()) as PromptTake;
  },
  texts: (signal?: AbortSignal) => get<{ items: TextBlock[]; places: string[] }>("/texts", signal),
  textVersions: (key: string, signal?: AbortSignal) => get<{ items: TextVersion[] }>(`/texts/${id(key)}/versions`, signal),
  addText: (text: object) => send<TextBlock>("POST", "/texts", text),
  changeText: (key: string, change: object) => send<TextBlock>("PATCH", `/texts/${id(key)}`, change),
  removeText: (key: string) => send<null>("DELETE", `/texts/${id(key)}`),
  blocked: (signal?: AbortSignal) => get<Page<BlockedSender>>("/blocked", signal),
  protected: (signal?: AbortSignal) => get<Page<ProtectedSender>>("/protected", signal),
  outbox: (all: boolean, signal?: AbortSignal) => get<OutboxView>(`/outbox${query({ all: all ? 1 : null })}`, signal),

  party: (key: string, signal?: AbortSignal) => get<PartyView>(`/parties/${id(key)}`, signal),
  search: (q: string, signal?: AbortSignal) => get<{ items: HitView[] }>(`/search${query({ q, limit: 8 })}`, signal),
  /** Customers only, as they are shown in a list. */
  async findParties(q: string, signal?: AbortSignal): Promise<{ items: PartyView[] }> {
    const found = await get<{ items: HitView[] }>(`/search${query({ q, kind: "party", limit: 20 })}`, signal);
    return {
      items: found.items.map((hit) => ({ id: hit.id, name: hit.title, kind: hit.party_kind ?? "person", vip: hit.vip ?? 0, points: hit.points ?? [] })),
    };
  },
  cases: (filter: Record<string, string | number | null>, signal?: AbortSignal) => get<Page<CaseView>>(`/cases${query({ limit: 50, ...filter })}`, signal),
  caseBoard: (filter: { assignee: string | null; type: string | null }, signal?: AbortSignal) =>
    get<{ columns: { state: string; count: number; items: CaseView[] }[] }>(`/cases/board${query(filter)}`, signal),
  case: (key: string, signal?: AbortSignal) => get<CaseView>(`/cases/${id(key)}`, signal),
  caseWhy: (key: string, signal?: AbortSignal) => get<{ items: CaseClock[] }>(`/cases/${id(key)}/why`, signal),
  createCase: (fields: object) => send<CaseView>("POST", "/cases", fields),
  changeCase: (key: string, change: object) => send<CaseView>("PATCH", `/cases/${id(key)}`, change),
  moveCase: (key: string, to: object) => send<CaseView>("POST", `/cases/${id(key)}/state`, to),
  noteCase: (key: string, note: object) => send<CaseView>("POST", `/cases/${id(key)}/notes`, note),
  escalateCase: (key: string, why: object) => send<CaseView>("POST", `/cases/${id(key)}/escalate`, why),
  holdings: (agent: string, signal?: AbortSignal) => get<{ items: HoldingView[] }>(`/agents/${id(agent)}/holdings`, signal),
  handOver: (given: object) => send<HandoverView>("POST", "/handovers", given),
  undoHandover: (key: string) => send<HandoverView>("POST", `/handovers/${id(key)}/undo`, {}),
  tasksOf: (interaction: string, signal?: AbortSignal) => get<Page<TaskView>>(`/tasks${query({ interaction })}`, signal),
  tasks: (filter: Record<string, string | number | null>, signal?: AbortSignal) => get<Page<TaskView>>(`/tasks${query(filter)}`, signal),
  dropTask: (key: string) => send<TaskView>("POST", `/tasks/${id(key)}/drop`, {}),
  makeFollowUps: (list: object) => send<{ tasks: string[]; left_out: { party_id: string; reason: string }[] }>("POST", "/follow-ups", list),
  campaignFigures: (key: string, signal?: AbortSignal) => get<CampaignFigures>(`/records/${id(key)}/figures`, signal),
  campaignMembers: (key: string, filter: Record<string, string | null>, signal?: AbortSignal) => get<Page<MemberView>>(`/records/${id(key)}/members${query({ limit: 50, ...filter })}`, signal),
  addMembers: (key: string, whom: object) => send<AddedView>("POST", `/records/${id(key)}/members`, whom),
  callOutcome: (task: string, said: object) => send<MemberView>("POST", `/tasks/${id(task)}/outcome`, said),
  sawCase: (key: string) => send<CaseView>("POST", `/cases/${id(key)}/seen`, {}),
  watchCase: (key: string, on: boolean) => send<CaseView>("POST", `/cases/${id(key)}/watch`, { on }),
  suggestions: (key: string, language: string, signal?: AbortSignal) =>
    get<{ items: FoundArticle[] }>(`/interactions/${id(key)}/suggestions${query({ language })}`, signal),
  knowledgeSearch: (q: string, language: string, signal?: AbortSignal) =>
    get<{ items: FoundArticle[] }>(`/knowledge/search${query({ q, language })}`, signal),
  knowledgeTree: (signal?: AbortSignal) => get<{ items: KnowledgeCategory[] }>("/knowledge/categories", signal),
  createKnowledgeCategory: (fields: object) => send("POST", "/knowledge/categories", fields),
  articles: (filter: Record<string, string | null>, signal?: AbortSignal) => get<Page<ArticleHead>>(`/knowledge/articles${query({ limit: 50, ...filter })}`, signal),
  article: (key: string, signal?: AbortSignal) => get<ArticleView>(`/knowledge/articles/${id(key)}`, signal),
  articleText: (key: string, language: string, signal?: AbortSignal) => get<FoundArticle>(`/knowledge/articles/${id(key)}/text${query({ language })}`, signal),
  createArticle: (fields: object) => send<ArticleView>("POST", "/knowledge/articles", fields),
  writeArticle: (key: string, fields: object) => send<ArticleView>("POST", `/knowledge/articles/${id(key)}/text`, fields),
  changeArticle: (key: string, fields: object) => send<ArticleView>("PATCH", `/knowledge/articles/${id(key)}`, fields),
  actOnArticle: (key: string, act: object) => send<ArticleView>("POST", `/knowledge/articles/${id(key)}/act`, act),
  useArticle: (key: string, use: object) => send("POST", `/knowledge/articles/${id(key)}/uses`, use),
  recordKinds: (signal?: AbortSignal) => get<{ items: RecordKind[] }>("/record-kinds", signal),
  records: (filter: Record<string, string | null>, signal?: AbortSignal) => get<Page<RecordView>>(`/records${query({ limit: 50, ...filter })}`, signal),
  record: (key: string, signal?: AbortSignal) => get<RecordView>(`/records/${id(key)}`, signal),
  cards: (party: string, signal?: AbortSignal) => get<CardsView>(`/parties/${id(party)}/cards`, signal),
  createRecord: (fields: object) => send<RecordView>("POST", "/records", fields),
  moveRecord: (key: string, to: object) => send<RecordView>("POST", `/records/${id(key)}/stage`, to),
  convertRecord: (key: string) => send<RecordView>("POST", `/records/${id(key)}/convert`),
  surveys: (signal?: AbortSignal) => get<{ items: SurveyView[] }>("/surveys", signal),
  createSurvey: (fields: object) => send<SurveyView>("POST", "/surveys", fields),
  changeSurvey: (key: string, fields: object) => send<SurveyView>("PATCH", `/surveys/${id(key)}`, fields),
  invitations: (filter: Record<string, string | null>, signal?: AbortSignal) => get<Page<Invitation>>(`/invitations${query({ limit: 50, ...filter })}`, signal),
  satisfaction: (by: string, signal?: AbortSignal) => get<{ items: Satisfaction[] }>(`/satisfaction${query({ by })}`, signal),
  promises: (party: string, signal?: AbortSignal) => get<{ items: PromiseView[] }>(`/promises${query({ party })}`, signal),
  parties: (filter: Record<string, unknown>, signal?: AbortSignal) => get<Page<PartyView>>(`/parties${query({ limit: 50, ...filter } as Asked)}`, signal),
  fields: (entity: string, signal?: AbortSignal, retired = false) => get<{ items: FieldView[] }>(`/fields${query({ entity, retired: retired ? 1 : null })}`, signal),
  segments: (signal?: AbortSignal) => get<SegmentsView>("/segments", signal),
  trySegment: (conditions: object[]) => send<TriedView>("POST", "/segments/preview", { conditions }),
  putSegment: (key: string, segment: object) => send<SegmentsView>("PUT", `/segments/${id(key)}`, segment),
  dropSegment: (key: string, version: string) => send<SegmentsView>("DELETE", `/segments/${id(key)}${query({ version })}`),
  refreshSegments: () => send<SegmentsView>("POST", "/segments/refresh", {}),
  defineField: (field: object) => send<FieldView>("POST", "/fields", field),
  changeField: (key: string, change: object) => send<FieldView>("PATCH", `/fields/${id(key)}`, change),
  links: (party: string, signal?: AbortSignal) => get<LinksView>(`/parties/${id(party)}/links`, signal),
  addLink: (party: string, link: object) => send<LinksView>("POST", `/parties/${id(party)}/links`, link),
  endLink: (key: string) => send<null>("DELETE", `/links/${id(key)}`, undefined),
  createParty: (party: object) => send<PartyView>("POST", "/parties", party),
  changeParty: (key: string, change: object) => send<PartyView>("PATCH", `/parties/${id(key)}`, change),
  merge: (merge: object) => send<MergeView>("POST", "/merges", merge),
  undoMerge: (key: string, restore: string[] = []) => send<MergeView>("POST", `/merges/${id(key)}/undo`, { restore }),
  merges: (party: string, signal?: AbortSignal) => get<{ items: MergeView[] }>(`/parties/${id(party)}/merges`, signal),
  duplicates: (party: string | null, signal?: AbortSignal, cursor: string | null = null) =>
    get<Page<DuplicateView>>(`/duplicates${query({ party, cursor, limit: 50 })}`, signal),
  decideDuplicate: (key: string, decision: object) => send("POST", `/duplicates/${id(key)}`, decision),
  timeline: (key: string, filter: { channel?: string | null; cursor?: string | null }, signal?: AbortSignal) =>
    get<Page<TimelineItem>>(`/parties/${id(key)}/timeline${query({ limit: 30, ...filter })}`, signal),

  htmlUrl: (message: string, images: boolean, folded: boolean) =>
    `${ROOT}/messages/${id(message)}/html${query({ images: images ? "1" : undefined, folded: folded ? "1" : undefined })}`,
  async html(url: string, signal?: AbortSignal): Promise<string> {
    const response = await request(url, signal ? { signal } : {});
    return response.text();
  },
  originalUrl: (interaction: string) => `${ROOT}/interactions/${id(interaction)}/original`,
  sourceUrl: (message: string) => `${ROOT}/messages/${id(message)}/source`,
  headers: (message: string, signal?: AbortSignal) => get<{ items: [string, string][] }>(`/messages/${id(message)}/headers`, signal),

  async upload(file: File): Promise<{ id: string; name: string; size: number }> {
    const form = new FormData();
    form.append("file", file, file.name);
    const response = await request(`${ROOT}/uploads`, { method: "POST", body: form });
    return (await response.json()) as { id: string; name: string; size: number };
  },

  /** Is the server there, and does it still know us? */
  async probe(): Promise<"ok" | "refused" | "unreachable"> {
    try {
      await api.me(AbortSignal.timeout(5000));
      return "ok";
    } catch (error) {
      return error instanceof ApiError && error.status === 401 ? "refused" : "unreachable";
    }
  },
};

export function byTime(a: MessageView, b: MessageView): number {
  return a.at === b.at ? a.seq - b.seq : a.at < b.at ? -1 : 1;
}

/** Query keys in one place, so that events refresh exactly what they change. */
export const keys = {
  me: ["me"] as const,
  policy: ["policy"] as const,
  interaction: (key: string) => ["interaction", key] as const,
  messages: (key: string) => ["messages", key] as const,
  recordings: (key: string) => ["recordings", key] as const,
  events: (key: string) => ["events", key] as const,
  explain: (key: string) => ["explain", key] as const,
  explainAgent: (agent: string) => ["explainAgent", agent] as const,
  party: (key: string) => ["party", key] as const,
  timeline: (key: string) => ["timeline", key] as const,
  cases: (kind: string, whose: string | null, type: string | null) => ["cases", kind, whose, type] as const,
  case: (key: string) => ["cases", "one", key] as const,
  followed: ["cases", "followed"] as const,
  suggestions: (key: string) => ["suggestions", key] as const,
  knowledgeSearch: (q: string, language: string) => ["knowledgeSearch", q, language] as const,
  knowledgeTree: ["knowledgeTree"] as const,
  articles: (state: string, category: string | null) => ["articles", "list", state, category] as const,
  article: (key: string) => ["articles", "one", key] as const,
  articleText: (key: string, language: string) => ["articleText", key, language] as const,
  recordKinds: ["recordKinds"] as const,
  records: (kind: string, stage: string | null) => ["records", "list", kind, stage] as const,
  record: (key: string) => ["records", "one", key] as const,
  cards: (party: string) => ["records", "cards", party] as const,
  surveys: ["surveys"] as const,
  invitations: (low: boolean) => ["invitations", low] as const,
  satisfaction: (by: string) => ["satisfaction", by] as const,
  merges: (party: string) => ["merges", party] as const,
  duplicates: (party: string) => ["duplicates", party] as const,
  templates: (key: string) => ["templates", key] as const,
  blocked: ["blocked"] as const,
  protected: ["protected"] as const,
  prompts: ["prompts"] as const,
  outside: (date: string) => ["outside", date] as const,
  menuWays: (days: number) => ["menuWays", days] as const,
  texts: ["texts"] as const,
  outboxes: ["outbox"] as const,
  outbox: (all: boolean) => ["outbox", all] as const,
  quarantined: ["quarantined"] as const,
  agents: ["agents"] as const,
  queue: (line: string | null) => ["queue", line] as const,
};

export function emptyHead(): CustomerHead {
  return { resolve_state: "unknown", party_id: null, point: null, candidates: [], timeline: [], open_cases: 0 };
}
