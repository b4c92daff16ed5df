/** The visitor's client against a server that is played by hand: nothing typed is lost, nothing is called safe too early. */
import { beforeEach, describe, expect, it } from "vitest";

import { Client, type Snapshot, type Surroundings } from "../src/client";
import { texts, waitText } from "../src/texts";

const STANDING = { session: null, state: "new", position: null, wait_p50_s: null, wait_p90_s: null, agent: null, open: true };

class Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closed = false;

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  says(event: object): void {
    this.onmessage?.({ data: JSON.stringify(event) });
  }

  greets(more: object = {}): void {
    this.onopen?.();
    this.says({ type: "welcome", visitor: "token", ...STANDING, ...more });
  }

  breaks(): void {
    this.onclose?.();
  }

  get lines(): unknown[] {
    return this.sent.filter((frame) => frame.type === "say").map((frame) => frame.text);
  }
}

let sockets: Socket[];
let timers: Map<number, () => void>;
let kept: Map<string, string>;
let now: Snapshot;
let count: number;

const socket = () => sockets[sockets.length - 1]!;
const status = () => now.lines.map((line) => line.status);

function around(): Surroundings {
  return {
    connect: () => {
      sockets.push(new Socket());
      return socket() as unknown as WebSocket;
    },
    storage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) },
    later: (work) => {
      timers.set(++count, work);
      return count;
    },
    cancel: (timer) => void timers.delete(timer),
    now: () => "2026-11-20T09:00:00.000Z",
    random: () => `c${++count}`,
  };
}

/** Let every timer that runs now come due. */
function wait(): void {
  const due = [...timers.values()];
  timers.clear();
  due.forEach((work) => work());
}

function client(): Client {
  const made = new Client("ws://here", "demo", { lang: "zh" }, around(), (snapshot) => (now = snapshot));
  now = made.snapshot();
  return made;
}

function receipt(of: number, seq: number): object {
  const line = now.lines[of]!;
  return { type: "said", client_id: line.key, id: `m${seq}`, seq, at: "2026-11-20T09:00:01.000Z" };
}

beforeEach(() => {
  sockets = [];
  timers = new Map();
  kept = new Map();
  count = 0;
});

describe("a line", () => {
  it("is shown at once and called sent only after the receipt", () => {
    const chat = client();
    chat.say("hello");
    expect(status()).toEqual(["sending"]);
    socket().greets();
    expect(socket().lines).toEqual(["hello"]);
    expect(status()).toEqual(["sending"]);
    socket().says(receipt(0, 1));
    expect(status()).toEqual(["sent"]);
    expect(now.standing.state).toBe("queued");
  });

  it("goes out only when the one before is safe", () => {
    const chat = client();
    chat.say("one");
    chat.say("two");
    socket().greets();
    expect(socket().lines).toEqual(["one"]);
    socket().says(receipt(0, 1));
    expect(socket().lines).toEqual(["one", "two"]);
  });

  it("is sent again under the same id after the connection broke", () => {
    const chat = client();
    chat.say("hello");
    socket().greets();
    const first = socket().sent[socket().sent.length - 1];
    socket().breaks();
    expect(now.connection).toBe("offline");
    wait();
    socket().greets();
    expect(sockets.length).toBe(2);
    expect(socket().sent[socket().sent.length - 1]).toEqual(first);
  });

  it("is sent again after a reload, until it is safe", () => {
    const before = client();
    before.say("hello");
    socket().greets();
    const first = socket().sent[socket().sent.length - 1];
    const after = client();
    expect(after.resumes).toBe(true);
    expect(now.lines.map((line) => line.text)).toEqual(["hello"]);
    after.start();
    socket().greets();
    expect(socket().sent[0]).toMatchObject({ type: "hello", visitor: "token", site: "demo" });
    expect(socket().sent[socket().sent.length - 1]).toEqual(first);
    socket().says(receipt(0, 1));
    expect(client().snapshot().lines).toEqual([]);
  });

  it("waits as long as a busy server asks, and keeps its place", () => {
    const chat = client();
    chat.say("one");
    chat.say("two");
    socket().greets();
    socket().says({ type: "slow", client_id: now.lines[0]!.key, retry_s: 2 });
    expect(socket().lines).toEqual(["one"]);
    wait();
    expect(socket().lines).toEqual(["one", "one"]);
  });

  it("that the server refuses is marked, and the next one goes out", () => {
    const chat = client();
    chat.say("too long");
    chat.say("fine");
    socket().greets();
    socket().says({ type: "error", code: "too_long", client_id: now.lines[0]!.key });
    expect(status()).toEqual(["failed", "sending"]);
    expect(socket().lines).toEqual(["too long", "fine"]);
  });

  it("without a receipt for long makes a new connection", () => {
    const chat = client();
    chat.say("hello");
    socket().greets();
    wait();
    expect(socket().closed).toBe(true);
    expect(now.connection).toBe("offline");
  });

  it("comes once, however often the server tells of it", () => {
    const chat = client();
    chat.say("hello");
    socket().greets();
    const echo = { type: "message", id: "m1", seq: 1, at: "x", from: "visitor", name: "", text: "hello", client_id: now.lines[0]!.key };
    socket().says(echo);
    socket().says(receipt(0, 1));
    socket().says(echo);
    expect(status()).toEqual(["sent"]);
  });
});

describe("a conversation", () => {
  const agent = (seq: number, text: string) => ({ type: "message", id: `m${seq}`, seq, at: "x", from: "agent", name: "Lin", text, client_id: null });

  it("stands in the order the server gave it, whatever came first", () => {
    const chat = client();
    chat.start();
    socket().greets({ session: "s", state: "active" });
    socket().says(agent(3, "three"));
    socket().says(agent(2, "two"));
    chat.say("four");
    expect(now.lines.map((line) => line.text)).toEqual(["two", "three", "four"]);
  });

  it("is asked for from the last line on that is known", () => {
    const chat = client();
    chat.start();
    socket().greets({ session: "s", state: "active" });
    socket().says(agent(1, "one"));
    socket().says(agent(2, "two"));
    socket().breaks();
    wait();
    socket().onopen?.();
    expect(socket().sent[0]).toMatchObject({ type: "hello", last_id: "m2" });
  });

  it("that has ended stays above the next one", () => {
    const chat = client();
    chat.say("first");
    socket().greets();
    socket().says(receipt(0, 1));
    socket().says(agent(2, "bye"));
    socket().says({ type: "ended", by: "agent" });
    expect(now.standing.state).toBe("ended");
    chat.say("again");
    socket().says({ ...receipt(2, 1), id: "n1" });
    socket().says({ type: "state", ...STANDING, session: "t", state: "queued", position: 1 });
    expect(now.lines.map((line) => [line.round, line.text])).toEqual([
      [0, "first"],
      [0, "bye"],
      [1, "again"],
    ]);
    expect(now.standing.position).toBe(1);
  });

  it("that ended while the visitor was away does not mix with the next", () => {
    const chat = client();
    chat.start();
    socket().greets({ session: "s", state: "active" });
    socket().says(agent(5, "old"));
    socket().breaks();
    chat.say("new");
    wait();
    socket().greets();
    socket().says(receipt(1, 1));
    expect(now.lines.map((line) => line.text)).toEqual(["old", "new"]);
  });

  it("counts what came unseen, and shows typing until the line", () => {
    const chat = client();
    chat.start();
    socket().greets({ session: "s", state: "active" });
    socket().says({ type: "typing", from: "agent", on: true });
    expect(now.typing).toBe(true);
    socket().says(agent(1, "hi"));
    expect([now.typing, now.unread]).toEqual([false, 1]);
    chat.watch(true);
    socket().says(agent(2, "there"));
    expect(now.unread).toBe(0);
  });

  it("marks the lines an agent has read", () => {
    const chat = client();
    chat.say("one");
    chat.say("two");
    socket().greets();
    socket().says(receipt(0, 1));
    socket().says(receipt(1, 2));
    socket().says({ type: "read", id: "m1" });
    expect(status()).toEqual(["seen", "sent"]);
  });

  it("is kept for the next page only while it goes on", () => {
    const chat = client();
    chat.say("hello");
    socket().greets();
    socket().says(receipt(0, 1));
    expect(client().resumes).toBe(true);
    socket().says({ type: "ended", by: "visitor" });
    expect(client().resumes).toBe(false);
  });
});

describe("the connection", () => {
  it("is not opened before somebody wants to talk", () => {
    expect(client().resumes).toBe(false);
    expect(sockets).toEqual([]);
  });

  it("gives up where the site is not served", () => {
    client().start();
    socket().onopen?.();
    socket().says({ type: "error", code: "origin", client_id: null });
    expect(now.connection).toBe("refused");
    wait();
    expect(sockets.length).toBe(1);
  });

  it("is renewed to say who the visitor is", () => {
    const chat = client();
    chat.start();
    socket().greets();
    chat.identify({ name: "Li" });
    expect(sockets[0]!.closed).toBe(true);
    socket().onopen?.();
    expect(socket().sent[0]).toMatchObject({ profile: { name: "Li", lang: "zh" } });
  });

  it("survives whatever it hears", () => {
    client().start();
    socket().greets();
    for (const data of ["", "null", "[]", "{}", '{"type":"constructor"}', "\u0000"]) socket().onmessage?.({ data });
    expect(now.connection).toBe("online");
  });

  it("works where the browser keeps nothing", () => {
    const poor = { ...around(), storage: { getItem: () => "{", setItem: () => { throw new Error("full"); } } };
    const chat = new Client("ws://here", "demo", {}, poor, (snapshot) => (now = snapshot));
    chat.say("hello");
    socket().greets();
    expect(socket().lines).toEqual(["hello"]);
  });
});

describe("how it was", () => {
  const SURVEY = { type: "survey", intro: "", questions: [{ key: "stars", kind: "score", text: "?", lowest: 1, best: 5 }] };

  it("is asked, answered and thanked for", () => {
    const chat = client();
    chat.say("hello");
    socket().greets();
    socket().says({ type: "ended", by: "agent" });
    socket().says(SURVEY);
    expect(now.survey?.questions[0]?.key).toBe("stars");
    chat.rate([{ question: "stars", score: 4 }]);
    expect(socket().sent[socket().sent.length - 1]).toEqual({ type: "rate", replies: [{ question: "stars", score: 4 }] });
    expect(now.survey).not.toBeNull();
    socket().says({ type: "rated", text: "" });
    expect([now.survey, now.thanks]).toEqual([null, ""]);
  });

  it("is forgotten when the conversation begins anew", () => {
    const chat = client();
    chat.say("hello");
    socket().greets();
    socket().says(SURVEY);
    socket().says({ type: "state", ...STANDING, session: "s2", state: "queued" });
    expect(now.survey).toBeNull();
  });
});

describe("the wait in words", () => {
  it.each([
    [null, null, "", ""],
    [20, 40, "通常不到 1 分钟", "Usually under a minute"],
    [40, 130, "通常不到 1 分钟，很少超过 3 分钟", "Usually under a minute, rarely more than 3 min"],
    [60, 60, "通常 1 分钟左右", "Usually about a minute"],
    [200, 590, "通常 4 分钟左右，很少超过 10 分钟", "Usually about 4 minutes, rarely more than 10 min"],
    [200, null, "通常 4 分钟左右", "Usually about 4 minutes"],
  ])("%s to %s seconds", (p50, p90, zh, en) => {
    expect(waitText(texts("zh-CN"), p50, p90)).toBe(zh);
    expect(waitText(texts("en"), p50, p90)).toBe(en);
  });
});
