import { describe, expect, it } from "vitest";
import { apply, ConsoleStore } from "../src/store";
import type { AgentView, AlertView, ConsoleState, InteractionView, LineView, OfferView, WireEvent } from "../src/wire";
import { emptyState } from "./doubles";

function item(id: string, change: Partial<InteractionView> = {}): InteractionView {
  return {
    id, channel: "x", direction: "inbound", line: "support", state: "active", state_since: null, priority: 0, skills: [],
    subject: null, from: null, from_display: null, to: null, to_display: null, queued_at: null, answered_at: null, ended_at: null, party_id: null,
    resolve_state: null, customer_name: null, vip: 0, agent: null, outcome: null, ended_by: null, wait_s: 0, talk_s: 0,
    hold_s: 0, wrap_s: 0, wrapup_until: null, parked_until: null, thread: null, case_id: null, parent_id: null,
    routed_by: "contactd", live: false, disposition: null, unread: 0, last_message: null, ...change,
  };
}

function offer(id: string): OfferView {
  return {
    offer: id, lease: `${id}-l`, offered_at: null, expires_at: "2026-11-20T01:00:30.000Z", reasons: [],
    interaction: item(`i-${id}`, { state: "offered" }),
    customer: { resolve_state: "unknown", party_id: null, point: null, candidates: [], timeline: [], open_cases: 0 },
  };
}

function agent(id: string, change: Partial<AgentView> = {}): AgentView {
  return {
    agent: id, name: id, role: "agent", intent: "ready", reason: null, next_intent: null, health: "ok", state: "ready",
    since: null, slots: [], lines: [], skills: [], used: 0, work: [], ...change,
  };
}

function line(id: string, waiting: number): LineView {
  return {
    line: id, label: { zh: id, en: id }, waiting, oldest_at: null, by_channel: {}, ready: 0, open: true,
    service_level: null, answered: 0, abandoned: 0, sla_s: 20,
  };
}

function alert(n: number): AlertView {
  return { id: `a${n}`, at: "2026-11-20T01:00:00.000Z", kind: "rona", agent: "wang", interaction: null, line: null, detail: null };
}

let seq = 0;
function event<K extends WireEvent["event"]>(name: K, data: Extract<WireEvent, { event: K }>["data"]): WireEvent {
  return { seq: ++seq, event: name, data } as WireEvent;
}

function fold(state: ConsoleState, events: WireEvent[]): ConsoleState {
  return events.reduce(apply, state);
}

describe("old snapshot + events = new snapshot", () => {
  it("for offers that come and go", () => {
    const after = fold(emptyState(), [
      event("offer.created", offer("o1")),
      event("offer.created", offer("o2")),
      event("offer.created", { ...offer("o1"), lease: "newer" }),
      event("offer.ended", { offer: "o2", interaction: "i-o2", outcome: "withdrawn", reason: "customer_gone" }),
      event("offer.ended", { offer: "never", interaction: "i", outcome: "timed_out", reason: null }),
    ]);
    expect(after).toEqual({ ...emptyState(), offers: [{ ...offer("o1"), lease: "newer" }] });
  });

  it("for my work: replaced by id in place, and gone when it is not mine any more", () => {
    const after = fold(emptyState(), [
      event("interaction.changed", { interaction: item("a"), mine: true }),
      event("interaction.changed", { interaction: item("b"), mine: true }),
      event("interaction.changed", { interaction: item("a", { state: "held" }), mine: true }),
      event("interaction.changed", { interaction: item("c"), mine: false }),
      event("interaction.changed", { interaction: item("b", { state: "closed" }), mine: false }),
    ]);
    expect(after.work).toEqual([item("a", { state: "held" })]);
  });

  it("for my own state, which keeps what only my snapshot knows", () => {
    const after = fold(emptyState(), [event("agent.changed", { agent: agent("li", { role: "supervisor", state: "talking" }) })]);
    expect(after.me).toMatchObject({ state: "talking", username: "li", languages: ["zh"] });
    expect(after.floor.agents).toHaveLength(1);
  });

  it("for an agent's console, which never grows a list of colleagues", () => {
    const state = { ...emptyState(), me: { ...emptyState().me, role: "agent" as const } };
    expect(fold(state, [event("agent.changed", { agent: agent("wang") })]).floor.agents).toEqual([]);
  });

  it("for the floor: waiting items in and out, lines replaced", () => {
    const start = fold(emptyState(), [
      event("floor.changed", { waiting: { upsert: [item("a"), item("b")], remove: [] }, lines: [line("support", 2), line("sales", 0)] }),
    ]);
    const after = fold(start, [
      event("floor.changed", { waiting: { upsert: [item("c"), item("b", { priority: 5 })], remove: ["a"] }, lines: [line("support", 3)] }),
    ]);
    expect(after.floor.waiting.map((entry) => [entry.id, entry.priority])).toEqual([["b", 5], ["c", 0]]);
    expect(after.floor.lines.map((entry) => [entry.line, entry.waiting])).toEqual([["support", 3], ["sales", 0]]);
  });

  it("for the floor: lines and agents that are no more, and a new policy", () => {
    const start = fold(emptyState(), [
      event("floor.changed", { lines: [line("support", 2), line("sales", 0)] }),
      event("agent.changed", { agent: agent("li", { role: "supervisor" }) }),
      event("agent.changed", { agent: agent("wang") }),
    ]);
    const after = fold(start, [event("floor.changed", { lines_removed: ["sales"], agents_removed: ["wang"], policy_version: 7 })]);
    expect(after.floor.lines.map((entry) => entry.line)).toEqual(["support"]);
    expect(after.floor.agents.map((entry) => entry.agent)).toEqual(["li"]);
    expect(after.policy_version).toBe(7);
  });

  it("for alerts: newest first, fifty at most", () => {
    const after = fold(emptyState(), Array.from({ length: 60 }, (_, n) => event("alert.raised", alert(n))));
    expect(after.floor.alerts).toHaveLength(50);
    expect(after.floor.alerts[0]?.id).toBe("a59");
  });

  it("and an event it does not know changes nothing", () => {
    const state = emptyState();
    const unknown = { seq: 1, event: "line.painted", data: {} } as unknown as WireEvent;
    expect(apply(state, unknown)).toBe(state);
  });

  it("never changes the state it was given", () => {
    const state = fold(emptyState(), [event("interaction.changed", { interaction: item("a"), mine: true })]);
    const frozen = JSON.stringify(state);
    fold(state, [
      event("interaction.changed", { interaction: item("a", { state: "held" }), mine: true }),
      event("offer.created", offer("o1")),
      event("alert.raised", alert(1)),
    ]);
    expect(JSON.stringify(state)).toBe(frozen);
  });
});

describe("the store", () => {
  it("tells its watchers of each change, and a snapshot replaces everything", () => {
    const store = new ConsoleStore();
    let told = 0;
    store.subscribe(() => (told += 1));
    store.feed(event("offer.created", offer("early")));
    expect(store.get()).toBeNull();
    store.reset(emptyState());
    store.feed(event("offer.created", offer("o1")));
    store.reset(emptyState());
    expect(store.get()?.offers).toEqual([]);
    expect(told).toBe(3);
  });

  it("fills in lists that a role does not see", () => {
    const store = new ConsoleStore();
    store.reset({ me: emptyState().me, floor: { lines: [line("support", 1)] } } as unknown as ConsoleState);
    expect(store.get()?.floor).toEqual({ waiting: [], agents: [], alerts: [], lines: [line("support", 1)] });
    expect(store.get()?.work).toEqual([]);
  });
});
