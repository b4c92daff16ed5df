import { describe, expect, it } from "vitest";
import type { InteractionView } from "../src/wire";
import { awaited, nextOf } from "../src/work/waiting";

function chat(id: string, since: string | null, more: Partial<InteractionView> = {}): InteractionView {
  return { id, live: true, state: "active", unanswered_since: since, ...more } as InteractionView;
}

describe("who is answered next", () => {
  it("is who has waited longest, wherever they stand in the list", () => {
    const work = [chat("a", "2026-11-23T08:00:30.000Z"), chat("b", null), chat("c", "2026-11-23T08:00:05.000Z"), chat("d", "2026-11-23T08:01:00.000Z")];
    expect(nextOf(work)?.id).toBe("c");
  });

  it("is nobody while every turn is the customers'", () => {
    expect(nextOf([chat("a", null)])).toBeNull();
    expect(nextOf([])).toBeNull();
  });

  it("is none who is on hold, in wrap-up, or writes letters", () => {
    const since = "2026-11-23T08:00:00.000Z";
    expect(awaited(chat("a", since, { state: "wrapup" }))).toBeNull();
    expect(awaited(chat("a", since, { state: "held" }))).toBeNull();
    expect(awaited(chat("a", since, { live: false }))).toBeNull();
    expect(awaited(chat("a", since))).toBe(since);
  });
});
