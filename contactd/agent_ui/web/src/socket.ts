/**
 * One console's side of /ws/console: connect, resume, snapshot, numbered events, commands with exactly one result.
 *
 * Pure protocol: the WebSocket, the timers, the ids and the place where unanswered commands survive a reload are handed in,
 * so every path can be tested without a network.  Rules:
 * - an event whose number is not the next one means something was lost: cut, reconnect, resume from the last good number;
 * - a resume the server cannot serve is answered with a snapshot, which replaces everything;
 * - a command keeps its id until its result came; after a cut it is sent again under the same id, and the server answers
 *   with the result it already has.
 */
import type { ClientFrame, ConsoleState, ServerFrame, WireError, WireEvent } from "./wire";

export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export interface Timers {
  after(ms: number, run: () => void): () => void;
  every(ms: number, run: () => void): () => void;
}

export interface PendingCommand {
  id: string;
  command: string;
  data: object;
}

/** Where unanswered commands wait for a result across a page reload. */
export interface Outbox {
  load(): PendingCommand[];
  save(commands: PendingCommand[]): void;
}

/** `connecting`: first time; `online`: frames flow; `offline`: waiting to try again; `refused`: the session is over. */
export type Link = "connecting" | "online" | "offline" | "refused" | "stopped";

export interface SocketPorts {
  open(): SocketLike;
  timers: Timers;
  random(): number;
  newId(): string;
  outbox: Outbox;
  /** Asked when the link is silent or cannot be opened: is the server there, and does it still know us? */
  probe(): Promise<"ok" | "refused" | "unreachable">;
}

export interface SocketListener {
  onSnapshot(state: ConsoleState): void;
  onEvent(event: WireEvent): void;
  onLink(link: Link, retryInMs: number | null): void;
}

export class CommandError extends Error {
  readonly code: string;
  readonly field: string | null;

  constructor(error: WireError) {
    super(error.text);
    this.code = error.code;
    this.field = error.field ?? null;
  }
}

const HEARTBEAT_MS = 10_000;
const ANSWER_MS = 10_000;
/** A server that takes the call and says nothing is tried anew. */
const OPEN_MS = 8_000;
const SILENCE_MS = 25_000;
const BACKOFF_MS = 500;
/** Short: an agent who is away for 20 s gets no more work. */
const BACKOFF_MAX_MS = 5_000;
const QUEUE_MAX = 200;

interface Waiting extends PendingCommand {
  resolve(data: unknown): void;
  reject(error: CommandError): void;
}

export class ConsoleSocket {
  private socket: SocketLike | null = null;
  private link: Link = "connecting";
  private position: { epoch: string; seq: number } | null = null;
  private gapAt: number | null = null;
  private attempts = 0;
  private alive = true;
  private heard = false;
  private readonly pending = new Map<string, Waiting>();
  private cancelRetry: (() => void) | null = null;
  private cancelAnswer: (() => void) | null = null;
  private cancelSilence: (() => void) | null = null;
  private cancelBeat: (() => void) | null = null;

  constructor(
    private readonly ports: SocketPorts,
    private readonly listener: SocketListener,
  ) {
    for (const command of ports.outbox.load()) {
      this.pending.set(command.id, { ...command, resolve: () => undefined, reject: () => undefined });
    }
  }

  start(): void {
    this.cancelBeat = this.ports.timers.every(HEARTBEAT_MS, () => this.beat());
    this.connect();
  }

  /** End for good: log-out or leaving the page.  Unanswered commands stay in the outbox. */
  stop(): void {
    this.alive = false;
    this.cancelBeat?.();
    this.drop(1000, "bye");
    this.cancelRetry?.();
    this.say("stopped", null);
  }

  /** Try now: the browser says the network is back, or the page was woken. */
  nudge(): void {
    if (!this.alive || this.link === "refused") return;
    if (this.socket === null) {
      this.attempts = 0;
      this.connect();
    } else {
      void this.check();
    }
  }

  /** The browser knows the network is gone: do not wait for a time-out. */
  lost(): void {
    if (this.socket !== null) this.cut(4003, "offline");
  }

  /**
   * Send a command; the promise ends with its one result.
   *
   * `queue`: may wait for the link to come back.  Without it a command that cannot go out now fails at once, because what it
   * asks for (answer this call, press this key) means nothing later.
   */
  command(command: string, data: object, queue: boolean): Promise<unknown> {
    if (this.link !== "online" && !queue) {
      return Promise.reject(new CommandError({ code: "offline", text: "offline" }));
    }
    if (this.pending.size >= QUEUE_MAX) {
      return Promise.reject(new CommandError({ code: "too_many", text: "too many unanswered commands" }));
    }
    const id = this.ports.newId();
    return new Promise((resolve, reject) => {
      this.pending.set(id, { id, command, data, resolve, reject });
      this.keep();
      if (this.link === "online") {
        this.transmit({ type: "command", id, command, data });
        this.awaitAnswer();
      }
    });
  }

  private connect(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.heard = false;
    const socket = this.ports.open();
    this.socket = socket;
    socket.onopen = () => {
      if (this.socket === socket) this.opened();
    };
    socket.onmessage = (event) => {
      if (this.socket === socket) this.received(event.data);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.closed();
    };
    socket.onerror = null;
    this.cancelAnswer = this.ports.timers.after(OPEN_MS, () => this.cut(4004, "not opened"));
  }

  private opened(): void {
    this.cancelAnswer?.();
    this.transmit({ type: "hello", protocol: 1, resume: this.position });
    this.say("online", null);
    for (const { id, command, data } of this.pending.values()) {
      this.transmit({ type: "command", id, command, data });
    }
    this.awaitAnswer();
    this.listen();
  }

  private received(raw: unknown): void {
    const frame = parse(raw);
    if (frame === null) {
      this.position = null;
      this.cut(4000, "unreadable");
      return;
    }
    this.heard = true;
    this.attempts = 0;
    this.listen();
    if (frame.type === "snapshot") {
      this.position = { epoch: frame.epoch, seq: frame.seq };
      this.gapAt = null;
      this.listener.onSnapshot(frame.state);
    } else if (frame.type === "event") {
      this.event(frame);
    } else if (frame.type === "result") {
      this.answered(frame);
    }
  }

  private event(event: WireEvent): void {
    if (this.position === null || event.seq <= this.position.seq) return;
    if (event.seq !== this.position.seq + 1) {
      // The same hole twice: the server cannot fill it, so start over with a snapshot.
      if (this.gapAt === this.position.seq) this.position = null;
      this.gapAt = this.position?.seq ?? null;
      this.cut(4002, "gap", true);
      return;
    }
    this.position = { epoch: this.position.epoch, seq: event.seq };
    this.gapAt = null;
    this.listener.onEvent(event);
  }

  private answered(frame: Extract<ServerFrame, { type: "result" }>): void {
    const waiting = this.pending.get(frame.id);
    if (waiting === undefined) return;
    this.pending.delete(frame.id);
    this.keep();
    this.awaitAnswer();
    if (frame.ok) waiting.resolve(frame.data ?? null);
    else waiting.reject(new CommandError(frame.error));
  }

  private closed(): void {
    const opened = this.heard;
    this.forget();
    if (!this.alive) return;
    if (!opened) void this.check();
    this.retry();
  }

  private retry(): void {
    const wait = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** this.attempts) * (0.5 + this.ports.random() / 2);
    this.attempts += 1;
    this.say("offline", wait);
    this.cancelRetry?.();
    this.cancelRetry = this.ports.timers.after(wait, () => this.connect());
  }

  /** Cut the link ourselves and come back: at once after a gap, with the usual pause otherwise. */
  private cut(code: number, reason: string, atOnce = false): void {
    this.drop(code, reason);
    if (!this.alive) return;
    if (atOnce) this.connect();
    else this.retry();
  }

  private drop(code: number, reason: string): void {
    const socket = this.socket;
    this.forget();
    socket?.close(code, reason);
  }

  private forget(): void {
    this.socket = null;
    this.cancelAnswer?.();
    this.cancelAnswer = null;
    this.cancelSilence?.();
    this.cancelSilence = null;
  }

  private beat(): void {
    if (this.link === "online") this.transmit({ type: "heartbeat" });
  }

  /** A browser's socket does not notice a dead network: no answer to a command in time means it is dead. */
  private awaitAnswer(): void {
    this.cancelAnswer?.();
    this.cancelAnswer = null;
    if (this.pending.size === 0 || this.link !== "online") return;
    this.cancelAnswer = this.ports.timers.after(ANSWER_MS, () => this.cut(4001, "no answer"));
  }

  private listen(): void {
    this.cancelSilence?.();
    this.cancelSilence = this.ports.timers.after(SILENCE_MS, () => void this.check());
  }

  private async check(): Promise<void> {
    const socket = this.socket;
    const found = await this.ports.probe();
    if (!this.alive) return;
    if (found === "refused") {
      this.drop(1000, "session over");
      this.cancelRetry?.();
      this.say("refused", null);
    } else if (socket !== null && socket === this.socket) {
      if (found === "unreachable") this.cut(4003, "unreachable");
      else this.listen();
    }
  }

  private transmit(frame: ClientFrame): void {
    try {
      this.socket?.send(JSON.stringify(frame));
    } catch {
      // A socket that is closing refuses to send; its close event brings us back and the command goes out again.
    }
  }

  private keep(): void {
    this.ports.outbox.save([...this.pending.values()].map(({ id, command, data }) => ({ id, command, data })));
  }

  private say(link: Link, retryInMs: number | null): void {
    this.link = link;
    this.listener.onLink(link, retryInMs);
  }
}

function parse(raw: unknown): ServerFrame | null {
  if (typeof raw !== "string") return null;
  try {
    const frame: unknown = JSON.parse(raw);
    return typeof frame === "object" && frame !== null && "type" in frame ? (frame as ServerFrame) : null;
  } catch {
    return null;
  }
}
