import { beforeEach, describe, expect, it, vi } from "vitest";
import { markSeen, unseen } from "../src/work/seen";

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  });
});

describe("the badge of a contact", () => {
  it("counts only what came since it was on the screen", () => {
    expect(unseen("a", 2)).toBe(2);
    markSeen("a", 2, ["a"]);
    expect(unseen("a", 2)).toBe(0);
    expect(unseen("a", 3)).toBe(1);
  });

  it("counts anew after an answer, which sets the server's count back", () => {
    markSeen("a", 2, ["a"]);
    markSeen("a", 0, ["a"]);
    expect(unseen("a", 1)).toBe(1);
  });

  it("forgets contacts that are no more mine", () => {
    markSeen("a", 2, ["a"]);
    markSeen("b", 1, ["b"]);
    expect(unseen("a", 2)).toBe(2);
  });
});
