import { describe, expect, it } from "vitest";
import { alike, hints, type Letter } from "../src/contact/hints";

const LETTER: Letter = { text: "您好，已发货。", files: 0, to: [], known: ["li@kunde.example", "wang@kunde.example"], customer: "李雷", passedOn: false };
const kinds = (change: Partial<Letter>): string[] => hints({ ...LETTER, ...change }).map((hint) => hint.kind);

describe("hints before a letter leaves", () => {
  it("say nothing about an ordinary answer", () => {
    expect(kinds({})).toEqual([]);
    expect(kinds({ to: ["Wang@Kunde.example"], text: "李先生，您好！" })).toEqual([]);
  });

  it.each(["请见附件", "随附合同", "See the attached file.", "The attachment has it."])("miss a file: %s", (text) => {
    expect(kinds({ text })).toEqual(["attachment"]);
    expect(kinds({ text, files: 1 })).toEqual([]);
  });

  it("miss what a template left open", () => {
    expect(hints({ ...LETTER, text: "{customer_name}，您好" })).toEqual([{ kind: "place", place: "customer_name" }]);
  });

  it("see an address one slip away, and one that is new here", () => {
    expect(hints({ ...LETTER, to: ["li@kunbe.example"] })).toEqual([{ kind: "lookalike", address: "li@kunbe.example", known: "li@kunde.example" }]);
    expect(kinds({ to: ["boss@elsewhere.example"] })).toEqual(["stranger"]);
    expect(kinds({ to: ["factory@elsewhere.example"], passedOn: true })).toEqual([]);
  });

  it.each([
    ["王先生，您好！", "李雷", ["greeting"]],
    ["尊敬的李先生，您好", "李雷", []],
    ["Dear Mr. Smith,", "Emma Jones", ["greeting"]],
    ["Hi Emma,", "Emma Jones", []],
    ["Dear all,", "Emma Jones", []],
    ["您好！", "李雷", []],
    ["Dear Mr. Smith,", "", []],
  ])("compare the greeting: %s for %s", (text, customer, found) => {
    expect(kinds({ text, customer })).toEqual(found);
  });

  it.each([
    ["a@kunde.example", "a@kumde.example", true],
    ["a@kunde.example", "a@kundee.example", true],
    ["a@kunde.example", "a@kudne.example", true],
    ["a@kunde.example", "b@other.example", false],
    ["a@kunde.example", "a@kunde.example", false],
  ])("tell what is alike: %s %s", (one, other, so) => {
    expect(alike(one, other)).toBe(so);
    expect(alike(other, one)).toBe(so);
  });
});
