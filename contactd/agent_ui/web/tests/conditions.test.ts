import { describe, expect, it } from "vitest";
import { about, asked, keyOf, whole, written } from "../src/customer/conditions";

describe("conditions over customers", () => {
  it("are written as a policy writes them, and read back", () => {
    for (const one of [
      { field: "vip", at_least: 2 },
      { field: "tags", has: "华东" },
      { field: "owner", any_of: ["a1", "a2"] },
      { field: "credit_level", known: false },
      { field: "credit_level", known: true },
    ]) {
      expect(written(asked(one))).toEqual(one);
    }
  });

  it("take several values by whatever comma", () => {
    expect(written({ field: "tags", op: "any_of", value: "华东，华南, north、" })).toEqual({ field: "tags", any_of: ["华东", "华南", "north"] });
  });

  it("are incomplete without a value", () => {
    expect(whole({ field: "tags", op: "has", value: " " })).toBe(false);
    expect(whole({ field: "tags", op: "any_of", value: "," })).toBe(false);
    expect(whole({ field: "tags", op: "known", value: "" })).toBe(true);
  });

  it("keep the question where it makes sense of another field", () => {
    expect(about({ field: "vip", op: "at_least", value: "3" }, "quiet_days")).toEqual({ field: "quiet_days", op: "at_least", value: "" });
    expect(about({ field: "vip", op: "at_least", value: "3" }, "tags").op).toBe("has");
  });

  it("get a key nobody has yet", () => {
    expect(keyOf("Key customers!", [])).toBe("key_customers");
    expect(keyOf("大客户", ["segment"])).toBe("segment_2");
    expect(keyOf("2nd wave", ["nd_wave"])).toBe("nd_wave_2");
  });
});
