/** Doubles of the socket's outer edge: a WebSocket driven by hand, a clock driven by hand, an outbox in memory. */
import type { Outbox, PendingCommand, SocketLike, SocketListener, SocketPorts, Timers } from "../src/socket";
import { ConsoleSocket, type Link } from "../src/socket";
import type { ClientFrame, ConsoleState, ServerFrame, WireEvent } from "../src/wire";

export class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: ClientFrame[] = [];
  closedWith: number | null = null;

  send(data: string): void {
    this.sent.push(JSON.parse(data) as ClientFrame);
  }

  close(code = 1000): void {
    this.closedWith = code;
  }

  open(): void {
    this.onopen?.();
  }

  deliver(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  raw(data: unknown): void {
    this.onmessage?.({ data });
  }

  die(code = 1006): void {
    this.onclose?.({ code, reason: "" });
  }
}

export class ManualTimers implements Timers {
  now = 0;
  private next = 0;
  private readonly due = new Map<number, { at: number; every: number | null; run: () => void }>();

  after(ms: number, run: () => void): () => void {
    return this.add(ms, null, run);
  }

  every(ms: number, run: () => void): () => void {
    return this.add(ms, ms, run);
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const first = [...this.due.entries()].sort((a, b) => a[1].at - b[1].at)[0];
      if (first === undefined || first[1].at > end) break;
      const [id, timer] = first;
      this.now = timer.at;
      if (timer.every === null) this.due.delete(id);
      else timer.at += timer.every;
      timer.run();
    }
    this.now = end;
  }

  private add(ms: number, every: number | null, run: () => void): () => void {
    const id = this.next++;
    this.due.set(id, { at: this.now + ms, every, run });
    return () => this.due.delete(id);
  }
}

export class MemoryOutbox implements Outbox {
  constructor(public kept: PendingCommand[] = []) {}

  load(): PendingCommand[] {
    return this.kept;
  }

  save(commands: PendingCommand[]): void {
    this.kept = commands;
  }
}

export class Bench {
  readonly sockets: FakeSocket[] = [];
  readonly timers = new ManualTimers();
  readonly snapshots: ConsoleState[] = [];
  readonly events: WireEvent[] = [];
  readonly links: Link[] = [];
  found: "ok" | "refused" | "unreachable" = "ok";
  readonly console: ConsoleSocket;
  private ids = 0;

  constructor(readonly outbox: MemoryOutbox = new MemoryOutbox()) {
    const ports: SocketPorts = {
      open: () => {
        const socket = new FakeSocket();
        this.sockets.push(socket);
        return socket;
      },
      timers: this.timers,
      random: () => 1,
      newId: () => `c${++this.ids}`,
      outbox,
      probe: () => Promise.resolve(this.found),
    };
    const listener: SocketListener = {
      onSnapshot: (state) => this.snapshots.push(state),
      onEvent: (event) => this.events.push(event),
      onLink: (link) => this.links.push(link),
    };
    this.console = new ConsoleSocket(ports, listener);
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nothing was opened");
    return socket;
  }

  /** Connect and take a first snapshot at `seq`. */
  online(seq = 1): this {
    this.console.start();
    this.socket.open();
    this.socket.deliver({ type: "snapshot", epoch: "e1", seq, state: emptyState() });
    return this;
  }
}

export function emptyState(): ConsoleState {
  return {
    me: {
      agent: "li",
      name: "李娜",
      role: "supervisor",
      intent: "ready",
      reason: null,
      next_intent: null,
      health: "ok",
      state: "ready",
      since: "2026-11-20T01:00:00.000Z",
      slots: [],
      lines: ["support"],
      skills: [],
      used: 0,
      work: [],
      username: "li",
      languages: ["zh"],
    },
    work: [],
    offers: [],
    floor: { waiting: [], agents: [], lines: [], alerts: [] },
    policy_version: 1,
  };
}

export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}
