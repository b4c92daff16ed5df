import { describe, expect, it } from "vitest";
import { CommandError } from "../src/socket";
import type { ServerFrame } from "../src/wire";
import { Bench, emptyState, MemoryOutbox, settle } from "./doubles";

function ended(seq: number): ServerFrame {
  return {
    type: "event",
    seq,
    event: "offer.ended",
    data: { offer: `o${seq}`, interaction: "i1", outcome: "timed_out", reason: null },
  };
}

describe("the first connection", () => {
  it("says hello without a place to resume from and hands on the snapshot", () => {
    const bench = new Bench().online();
    expect(bench.socket.sent).toEqual([{ type: "hello", protocol: 1, resume: null }]);
    expect(bench.snapshots).toEqual([emptyState()]);
    expect(bench.links).toEqual(["online"]);
  });

  it("beats every ten seconds while it is online, and not when it is not", () => {
    const bench = new Bench().online();
    bench.timers.advance(20_000);
    expect(bench.socket.sent.filter((frame) => frame.type === "heartbeat")).toHaveLength(2);
    bench.socket.die();
    const before = bench.socket.sent.length;
    bench.console.stop();
    bench.timers.advance(60_000);
    expect(bench.socket.sent).toHaveLength(before);
  });
});

describe("numbered events", () => {
  it("are handed on in order, each once", () => {
    const bench = new Bench().online(4);
    bench.socket.deliver(ended(5));
    bench.socket.deliver(ended(5));
    bench.socket.deliver(ended(4));
    bench.socket.deliver(ended(6));
    expect(bench.events.map((event) => event.seq)).toEqual([5, 6]);
  });

  it("with a gap cut the link and resume after the last good one, at once", () => {
    const bench = new Bench().online(4);
    bench.socket.deliver(ended(5));
    bench.socket.deliver(ended(7));
    expect(bench.events.map((event) => event.seq)).toEqual([5]);
    expect(bench.sockets).toHaveLength(2);
    expect(bench.sockets[0]?.closedWith).toBe(4002);
    bench.socket.open();
    expect(bench.socket.sent[0]).toEqual({ type: "hello", protocol: 1, resume: { epoch: "e1", seq: 5 } });
    bench.socket.deliver(ended(6));
    bench.socket.deliver(ended(7));
    expect(bench.events.map((event) => event.seq)).toEqual([5, 6, 7]);
  });

  it("ask for a snapshot when the same gap is still there after resuming", () => {
    const bench = new Bench().online(4);
    bench.socket.deliver(ended(6));
    bench.socket.open();
    bench.socket.deliver(ended(6));
    bench.socket.open();
    expect(bench.socket.sent[0]).toEqual({ type: "hello", protocol: 1, resume: null });
  });

  it("of a link that was replaced are not heard any more", () => {
    const bench = new Bench().online(4);
    const old = bench.socket;
    bench.socket.deliver(ended(6));
    old.deliver(ended(5));
    expect(bench.events).toEqual([]);
  });

  it("go on from a snapshot of a new epoch", () => {
    const bench = new Bench().online(40);
    bench.socket.die();
    bench.timers.advance(500);
    bench.socket.open();
    bench.socket.deliver({ type: "snapshot", epoch: "e2", seq: 1, state: emptyState() });
    bench.socket.deliver(ended(2));
    expect(bench.events.map((event) => event.seq)).toEqual([2]);
    bench.socket.die();
    bench.timers.advance(500);
    bench.socket.open();
    expect(bench.socket.sent[0]).toEqual({ type: "hello", protocol: 1, resume: { epoch: "e2", seq: 2 } });
  });

  it.each(["{", 7, "null", "[]", '"x"'])("that cannot be read (%s) start over", (raw) => {
    const bench = new Bench().online(4);
    bench.socket.raw(raw);
    bench.timers.advance(500);
    bench.socket.open();
    expect(bench.socket.sent[0]).toEqual({ type: "hello", protocol: 1, resume: null });
  });
});

describe("a command", () => {
  it("gets its one result", async () => {
    const bench = new Bench().online();
    const result = bench.console.command("agent.set_intent", { intent: "ready" }, false);
    expect(bench.socket.sent.at(-1)).toEqual({
      type: "command",
      id: "c1",
      command: "agent.set_intent",
      data: { intent: "ready" },
    });
    bench.socket.deliver({ type: "result", id: "c1", ok: true, data: { state: "ready" } });
    bench.socket.deliver({ type: "result", id: "c1", ok: false, error: { code: "x", text: "late" } });
    await expect(result).resolves.toEqual({ state: "ready" });
  });

  it("that is refused says code, text and field", async () => {
    const bench = new Bench().online();
    const result = bench.console.command("interaction.complete", {}, true);
    bench.socket.deliver({
      type: "result",
      id: "c1",
      ok: false,
      error: { code: "required", text: "choose a disposition", field: "disposition" },
    });
    const error = await result.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ code: "required", message: "choose a disposition", field: "disposition" });
  });

  it("without an answer is sent again under the same id after a cut, and answered once", async () => {
    const bench = new Bench().online();
    const result = bench.console.command("interaction.send", { interaction: "i1", text: "你好" }, true);
    bench.socket.die();
    bench.timers.advance(500);
    bench.socket.open();
    expect(bench.socket.sent).toEqual([
      { type: "hello", protocol: 1, resume: { epoch: "e1", seq: 1 } },
      { type: "command", id: "c1", command: "interaction.send", data: { interaction: "i1", text: "你好" } },
    ]);
    bench.socket.deliver({ type: "result", id: "c1", ok: true });
    await expect(result).resolves.toBeNull();
    bench.socket.die();
    bench.timers.advance(500);
    bench.socket.open();
    expect(bench.socket.sent).toHaveLength(1);
  });

  it("given while offline waits for the link when it may, and fails at once when it means nothing later", async () => {
    const bench = new Bench().online();
    bench.socket.die();
    const note = bench.console.command("interaction.note", { interaction: "i1", text: "回电" }, true);
    await expect(bench.console.command("call.dtmf", { digits: "1" }, false)).rejects.toMatchObject({ code: "offline" });
    bench.timers.advance(500);
    bench.socket.open();
    expect(bench.socket.sent.filter((frame) => frame.type === "command")).toHaveLength(1);
    bench.socket.deliver({ type: "result", id: "c1", ok: true });
    await expect(note).resolves.toBeNull();
  });

  it("without an answer survives a reload of the page and goes out again under its id", async () => {
    const outbox = new MemoryOutbox();
    void new Bench(outbox).online().console.command("interaction.send", { interaction: "i1", text: "a" }, true);
    const after = new Bench(outbox).online();
    expect(after.socket.sent[1]).toMatchObject({ type: "command", id: "c1", data: { text: "a" } });
    after.socket.deliver({ type: "result", id: "c1", ok: true });
    await settle();
    expect(outbox.kept).toEqual([]);
  });

  it("that is never answered shows the link is dead", () => {
    const bench = new Bench().online();
    void bench.console.command("interaction.note", { interaction: "i1", text: "x" }, true);
    bench.timers.advance(10_000);
    expect(bench.sockets[0]?.closedWith).toBe(4001);
    expect(bench.links.at(-1)).toBe("offline");
  });

  it("is refused when too many are unanswered", async () => {
    const bench = new Bench().online();
    for (let i = 0; i < 200; i++) void bench.console.command("interaction.note", {}, true);
    await expect(bench.console.command("interaction.note", {}, true)).rejects.toMatchObject({ code: "too_many" });
  });
});

describe("a lost link", () => {
  it("is tried again with growing pauses up to a limit, which a frame resets", () => {
    const bench = new Bench().online();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      bench.socket.die();
      const opened = bench.sockets.length;
      const from = bench.timers.now;
      while (bench.sockets.length === opened) bench.timers.advance(100);
      waits.push(bench.timers.now - from);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 5000, 5000, 5000, 5000]);
    bench.socket.open();
    bench.socket.deliver({ type: "snapshot", epoch: "e2", seq: 1, state: emptyState() });
    bench.socket.die();
    const opened = bench.sockets.length;
    bench.timers.advance(500);
    expect(bench.sockets.length).toBe(opened + 1);
  });

  it("is noticed in silence by asking the server, and ended when the session is over", async () => {
    const bench = new Bench().online();
    bench.timers.advance(25_000);
    await settle();
    expect(bench.links.at(-1)).toBe("online");
    bench.found = "unreachable";
    bench.timers.advance(25_000);
    await settle();
    expect(bench.links.at(-1)).toBe("offline");
    bench.found = "refused";
    bench.timers.advance(5_000);
    bench.socket.die();
    await settle();
    expect(bench.links.at(-1)).toBe("refused");
    const opened = bench.sockets.length;
    bench.timers.advance(120_000);
    expect(bench.sockets.length).toBe(opened);
  });

  it("is tried anew when the server takes the connection and says nothing", () => {
    const bench = new Bench().online();
    bench.socket.die();
    bench.timers.advance(500);
    expect(bench.sockets).toHaveLength(2);
    bench.timers.advance(8_000);
    expect(bench.sockets[1]?.closedWith).toBe(4004);
    bench.timers.advance(1_000);
    expect(bench.sockets).toHaveLength(3);
    bench.socket.open();
    bench.timers.advance(8_000);
    expect(bench.socket.closedWith).toBeNull();
  });

  it("comes back at once when the network does", () => {
    const bench = new Bench().online();
    bench.console.lost();
    expect(bench.links.at(-1)).toBe("offline");
    bench.console.nudge();
    expect(bench.sockets).toHaveLength(2);
    bench.socket.open();
    expect(bench.links.at(-1)).toBe("online");
  });
});
