import { describe, expect, it } from "vitest";
import { readExplanation, readIdle } from "../src/floor/explanation";

describe("an explanation", () => {
  it("of a waiting item tells place, step, needs and what keeps whom", () => {
    const read = readExplanation({
      terms: { base: 10, age: 5.5, waited_s: 330 },
      position: 2, waiting: 6, step: 0, steps: 2, next_step_at: "2026-11-20T01:00:00.000Z",
      needs: [{ skill: "billing", level: 4 }, { skill: 3 }], waits_for: "li",
      filters: { busy: 1, free: 2, skill: 4 },
      offers: [],
    });
    expect(read).toMatchObject({
      position: [2, 6],
      step: { n: 1, of: 2, nextAt: "2026-11-20T01:00:00.000Z" },
      needs: [{ skill: "billing", level: 4 }],
      waitsFor: "li",
      filters: [["skill", 4], ["busy", 1]],
      free: 2,
      terms: [["base", 10], ["age", 5.5]],
      score: 15.5,
      offers: [],
    });
  });

  it("of an offered item takes the terms of its last decision", () => {
    const read = readExplanation({
      offers: [
        { agent: "a", outcome: "timed_out", offered_at: "t1", decision: { terms: [["age", 1]], score: 1 } },
        { agent: "b", outcome: null, offered_at: "t2", decision: { terms: [["age", 4], ["vip", 2]], score: 6 } },
      ],
    });
    expect(read.terms).toEqual([["age", 4], ["vip", 2]]);
    expect(read.score).toBe(6);
    expect(read.offers?.map((offer) => [offer.agent, offer.outcome])).toEqual([["a", "timed_out"], ["b", null]]);
    expect(read.free).toBeNull();
  });

  it.each([undefined, null, 3, "x", [], { terms: "no", filters: [1], offers: [null], needs: {} }])(
    "that makes no sense (%j) is empty, not an error",
    (raw) => {
      const read = readExplanation(raw);
      expect(read.terms).toEqual([]);
      expect(read.filters).toEqual([]);
      expect(read.position).toBeNull();
    },
  );
});

describe("why an agent is idle", () => {
  it("tells the sentences and what waits, kind by kind", () => {
    const read = readIdle({
      used: 30,
      reasons: [{ key: "reason.idle_nothing", params: { n: 3 } }, { params: {} }],
      waiting: [
        { line: "support", channel: "chat", needs: [{ skill: "german", level: 6 }], count: 2, why: "skill" },
        { line: "support", count: 1, why: "busy" },
      ],
    });
    expect(read.used).toBe(30);
    expect(read.sentences).toEqual([{ key: "reason.idle_nothing", params: { n: 3 } }]);
    expect(read.waiting).toEqual([
      { line: "support", channel: "chat", needs: [{ skill: "german", level: 6 }], count: 2, why: "skill" },
    ]);
  });

  it.each([undefined, null, 3, { waiting: "no", reasons: 1 }])("that makes no sense (%j) is empty", (raw) => {
    expect(readIdle(raw)).toEqual({ used: null, sentences: [], waiting: [] });
  });
});
