import { describe, expect, it } from "vitest";
import { waitRange } from "../src/format";

describe("an expected wait", () => {
  it("is a span, one figure when both are alike, and honest when it is not known", () => {
    expect(waitRange(60, 200, "d", "?")).toContain("–");
    expect(waitRange(40, 40, "d", "?")).not.toContain("–");
    expect(waitRange(null, null, "d", "?")).toBe("?");
    expect(waitRange(undefined, 5, "d", "?")).toBe("?");
  });
});
