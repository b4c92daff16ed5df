/**
 * The visitor's side of the protocol, without a pixel: what was said, what is on its way, where the conversation stands.
 *
 * A line is shown at once, is kept in the browser until the server says that it is safe, and goes out one at a time, so that
 * order holds whatever happens in between. Sending one twice is harmless: the server knows its `client_id`.
 */
import { PROTOCOL, type Profile, type Reply, type ServerEvent, type Standing, type Survey } from "./wire";

export interface Line {
  key: string;
  id: string | null;
  round: number;
  seq: number;
  at: string;
  from: "visitor" | "agent";
  name: string;
  text: string;
  status: "sending" | "sent" | "seen" | "failed";
}

export interface Snapshot {
  connection: "idle" | "connecting" | "online" | "offline" | "refused";
  standing: Standing;
  lines: readonly Line[];
  typing: boolean;
  unread: number;
  survey: Survey | null;
  thanks: string | null;
}

interface Pending {
  client_id: string;
  text: string;
  at: string;
}

interface Kept {
  visitor?: string;
  open?: boolean;
  pending?: Pending[];
  profile?: Profile;
}

/** The parts of a browser the client needs: tests bring their own. */
export interface Surroundings {
  connect(url: string): WebSocket;
  storage: Pick<Storage, "getItem" | "setItem"> | null;
  later(work: () => void, ms: number): number;
  cancel(timer: number): void;
  now(): string;
  random(): string;
}

const NOWHERE: Standing = {
  session: null,
  state: "new",
  position: null,
  wait_p50_s: null,
  wait_p90_s: null,
  agent: null,
  open: true,
};
const FOR_GOOD = new Set(["origin", "unknown_site", "protocol"]);
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const NO_RECEIPT_MS = 15_000;
const TYPING_MS = 8_000;
const STEADY_MS = 10_000;

export class Client {
  private socket: WebSocket | null = null;
  private connection: Snapshot["connection"] = "idle";
  private standing: Standing = NOWHERE;
  private readonly lines = new Map<string, Line>();
  private pending: Pending[];
  private inFlight: string | null = null;
  private receiptTimer = 0;
  private retryTimer = 0;
  private typingTimer = 0;
  private steadyTimer = 0;
  private typing = false;
  private unread = 0;
  private survey: Survey | null = null;
  private thanks: string | null = null;
  private watching = false;
  private round = 0;
  private attempt = 0;
  private visitor: string | undefined;
  private profile: Profile;
  private hasOpen: boolean;

  constructor(
    private readonly url: string,
    private readonly site: string,
    profile: Profile,
    private readonly around: Surroundings,
    private readonly changed: (snapshot: Snapshot) => void,
  ) {
    const kept = this.restore();
    this.visitor = kept.visitor;
    this.hasOpen = kept.open === true;
    this.pending = kept.pending ?? [];
    this.profile = { ...kept.profile, ...profile };
    for (const waiting of this.pending) this.place(waiting);
  }

  /** Whether an earlier page left a conversation that goes on. */
  get resumes(): boolean {
    return this.visitor !== undefined && (this.hasOpen || this.pending.length > 0);
  }

  get known(): Profile {
    return this.profile;
  }

  snapshot(): Snapshot {
    const lines = [...this.lines.values()].sort((a, b) => a.round - b.round || a.seq - b.seq);
    return { connection: this.connection, standing: this.standing, lines, typing: this.typing, unread: this.unread, survey: this.survey, thanks: this.thanks };
  }

  /** Connect, unless that is so already; after a failure it comes back by itself. */
  start(): void {
    if (this.socket || this.connection === "refused") return;
    this.around.cancel(this.retryTimer);
    this.connection = "connecting";
    const socket = this.around.connect(this.url);
    this.socket = socket;
    socket.onopen = () => this.hello(socket);
    socket.onmessage = (event: MessageEvent) => this.socket === socket && this.hear(String(event.data));
    socket.onclose = () => this.socket === socket && this.lost();
    this.tell();
  }

  /** Say a line: shown now, safe when its status is `sent`. */
  say(text: string): void {
    const waiting = { client_id: this.around.random(), text, at: this.around.now() };
    this.pending.push(waiting);
    this.place(waiting);
    this.keep();
    this.start();
    this.sendNext();
    this.tell();
  }

  /** Say how it was; without an answer: rather not. */
  rate(replies: Reply[]): void {
    if (this.connection === "online") this.socket?.send(JSON.stringify({ type: "rate", replies }));
  }

  /** Close the conversation. */
  end(): void {
    if (this.connection === "online") this.socket?.send(JSON.stringify({ type: "end" }));
  }

  /** Tell who the visitor is; an open socket is renewed, for that is said in the greeting. */
  identify(profile: Profile): void {
    this.profile = { ...this.profile, ...profile };
    this.keep();
    if (!this.socket) return;
    this.leave();
    this.start();
  }

  /** Say whether the visitor sees the conversation now: what comes meanwhile is not unread. */
  watch(watching: boolean): void {
    this.watching = watching;
    if (watching && this.unread) {
      this.unread = 0;
      this.tell();
    }
  }

  /** The network is back: do not wait for the next attempt. */
  hurry(): void {
    if (this.connection === "offline") this.start();
  }

  private hello(socket: WebSocket): void {
    const last = [...this.lines.values()].filter((line) => line.id && line.round === this.round).sort((a, b) => b.seq - a.seq)[0];
    socket.send(
      JSON.stringify({ type: "hello", protocol: PROTOCOL, site: this.site, visitor: this.visitor, profile: this.profile, last_id: last?.id }),
    );
  }

  private hear(data: string): void {
    let event: ServerEvent | null;
    try {
      event = JSON.parse(data) as ServerEvent | null;
    } catch {
      return;
    }
    switch (event?.type) {
      case "welcome":
        this.welcomed(event);
        break;
      case "state":
        this.stand(event);
        break;
      case "message":
        this.add(event);
        break;
      case "said":
        this.safe(event);
        break;
      case "slow":
        this.again(event.retry_s);
        break;
      case "error":
        this.refused(event);
        break;
      case "typing":
        this.showTyping(event.on);
        break;
      case "read":
        this.seen(event.id);
        break;
      case "ended":
        this.ended();
        break;
      case "survey":
        this.survey = { intro: event.intro, questions: event.questions };
        if (!this.watching) this.unread += 1;
        break;
      case "rated":
        this.survey = null;
        this.thanks = event.text;
        break;
      default:
        return;
    }
    this.tell();
  }

  private welcomed(event: Extract<ServerEvent, { type: "welcome" }>): void {
    this.visitor = event.visitor;
    this.connection = "online";
    this.steadyTimer = this.around.later(() => (this.attempt = 0), STEADY_MS);
    this.stand(event);
    this.keep();
    this.sendNext();
  }

  private stand(event: Standing): void {
    const { session, state, position, wait_p50_s, wait_p90_s, agent, open } = event;
    if (this.standing.session !== null && session !== this.standing.session) this.nextRound();
    this.standing = { session, state, position, wait_p50_s, wait_p90_s, agent, open };
    if (session !== null && state !== "ended") this.survey = this.thanks = null;
    this.remember(session !== null && state !== "ended");
  }

  /** A conversation is over: what is said from now on stands below it. */
  private nextRound(): void {
    this.round += 1;
    for (const waiting of this.pending) {
      const line = this.lines.get(waiting.client_id);
      if (line) line.round = this.round;
    }
  }

  private ended(): void {
    this.showTyping(false);
    this.nextRound();
    this.standing = { ...this.standing, session: null, state: "ended", position: null };
    this.remember(false);
  }

  private add(event: Extract<ServerEvent, { type: "message" }>): void {
    const key = event.client_id ?? event.id;
    const fresh = !this.lines.has(key);
    const { id, seq, at, from, name, text } = event;
    this.lines.set(key, { key, id, round: this.round, seq, at, from, name, text, status: "sent" });
    if (event.client_id) this.settle(event.client_id);
    if (from === "agent") {
      this.showTyping(false);
      if (fresh && !this.watching) this.unread += 1;
    }
  }

  private safe(event: Extract<ServerEvent, { type: "said" }>): void {
    const line = this.lines.get(event.client_id);
    if (line) Object.assign(line, { id: event.id, seq: event.seq, at: event.at, status: "sent" });
    if (this.standing.state === "new" || this.standing.state === "ended") {
      this.standing = { ...this.standing, state: "queued", position: null };
    }
    this.remember(true);
    this.settle(event.client_id);
    this.sendNext();
  }

  private refused(event: Extract<ServerEvent, { type: "error" }>): void {
    if (FOR_GOOD.has(event.code)) {
      this.leave();
      this.connection = "refused";
      return;
    }
    if (event.code === "not_asked") this.survey = null;
    if (!event.client_id) return;
    const line = this.lines.get(event.client_id);
    if (line) line.status = "failed";
    this.settle(event.client_id);
    this.sendNext();
  }

  private again(seconds: number): void {
    this.around.cancel(this.receiptTimer);
    this.receiptTimer = this.around.later(
      () => {
        this.inFlight = null;
        this.sendNext();
      },
      Math.max(0.2, seconds) * 1000,
    );
  }

  private settle(clientId: string): void {
    this.pending = this.pending.filter((waiting) => waiting.client_id !== clientId);
    if (this.inFlight === clientId) {
      this.inFlight = null;
      this.around.cancel(this.receiptTimer);
    }
    this.keep();
  }

  private sendNext(): void {
    const next = this.pending[0];
    if (!next || this.inFlight || this.connection !== "online") return;
    this.inFlight = next.client_id;
    this.socket?.send(JSON.stringify({ type: "say", client_id: next.client_id, text: next.text }));
    // A connection may be dead without anybody having said so.
    this.receiptTimer = this.around.later(() => this.lost(), NO_RECEIPT_MS);
  }

  private lost(): void {
    this.leave();
    this.connection = "offline";
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.attempt);
    this.attempt += 1;
    this.retryTimer = this.around.later(() => this.start(), pause * (0.5 + Math.random() / 2));
    this.tell();
  }

  private leave(): void {
    const socket = this.socket;
    this.socket = null;
    this.inFlight = null;
    this.around.cancel(this.receiptTimer);
    this.around.cancel(this.steadyTimer);
    this.showTyping(false);
    socket?.close();
  }

  private showTyping(on: boolean): void {
    this.around.cancel(this.typingTimer);
    this.typing = on;
    if (!on) return;
    this.typingTimer = this.around.later(() => {
      this.typing = false;
      this.tell();
    }, TYPING_MS);
  }

  private seen(id: string): void {
    const read = [...this.lines.values()].find((line) => line.id === id);
    if (!read) return;
    for (const line of this.lines.values()) {
      if (line.from === "visitor" && line.status === "sent" && line.round === read.round && line.seq <= read.seq) line.status = "seen";
    }
  }

  private place(waiting: Pending): void {
    const { client_id: key, text, at } = waiting;
    this.lines.set(key, { key, id: null, round: this.round, seq: Infinity, at, from: "visitor", name: "", text, status: "sending" });
  }

  private remember(open: boolean): void {
    this.hasOpen = open;
    this.keep();
  }

  private tell(): void {
    this.changed(this.snapshot());
  }

  private get store(): string {
    return `contactd:${this.site}`;
  }

  private restore(): Kept {
    try {
      const kept: unknown = JSON.parse(this.around.storage?.getItem(this.store) ?? "{}");
      return kept && typeof kept === "object" ? (kept as Kept) : {};
    } catch {
      return {};
    }
  }

  private keep(): void {
    const { page: _page, identity: _identity, ...profile } = this.profile;
    const kept: Kept = { open: this.hasOpen, pending: this.pending, profile };
    if (this.visitor !== undefined) kept.visitor = this.visitor;
    try {
      this.around.storage?.setItem(this.store, JSON.stringify(kept));
    } catch {
      // A browser that keeps nothing still chats; it only forgets on reload.
    }
  }
}
