import { describe, expect, it } from "vitest";
import { SCREENS } from "../src/route";
import { placed } from "../src/shell/screens";

const SUPERVISOR = [
  "interaction.read", "outbox.read", "interaction.watch", "interaction.replay", "duplicate.decide", "case.read", "party.read",
  "import.read", "privacy.read", "kb.read", "survey.read", "quality.read", "approval.read", "report.read", "prompt.read",
  "record.read", "text.read", "writeback.read",
];
/** Those with a place of their own in the row. */
const ROW = ["work", "cases", "customers", "customer", "outbox", "knowledge", "floor"];

describe("the top bar of a supervisor", () => {
  it("has reports in the row, and the quarantine only with something in it", () => {
    expect(placed(SUPERVISOR, 0).daily).toEqual(["reports"]);
    expect(placed(SUPERVISOR, 0).seldom).toContain("quarantine");
    expect(placed(SUPERVISOR, 2).daily).toEqual(["reports", "quarantine"]);
    expect(placed(SUPERVISOR, 0, 1).daily).toEqual(["reports", "approvals"]);
  });

  it("leads to every screen once", () => {
    const { daily, seldom } = placed(SUPERVISOR, 1);
    expect([...ROW, ...daily, ...seldom].sort()).toEqual([...SCREENS].sort());
  });
});

it("leaves reports under More for who does not run the floor", () => {
  expect(placed(["quality.read", "report.read"], 0)).toEqual({ daily: [], seldom: ["reports", "quality"] });
});
