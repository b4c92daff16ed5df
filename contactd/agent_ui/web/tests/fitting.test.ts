import { describe, expect, it } from "vitest";
import { type Command, fitting } from "../src/shell/fitting";

const none = (): void => undefined;
const ALL: Command[] = [
  { id: "go-reports", label: "转到：报表", also: "reports", run: none },
  { id: "not-ready-lunch", label: "示忙 · 午餐", also: "", run: none },
];
const ids = (asked: string): string[] => fitting(ALL, asked).map(({ id }) => id);

describe("what the search box can do", () => {
  it("is all there before anything is asked", () => expect(ids("")).toEqual(["go-reports", "not-ready-lunch"]));
  it("is found by its label", () => expect(ids("午餐")).toEqual(["not-ready-lunch"]));
  it("is found by its English word in every language", () => expect(ids("REP")).toEqual(["go-reports"]));
  it("needs all the words", () => expect(ids("示忙 报表")).toEqual([]));
});
