import { describe, expect, it } from "vitest";
import { subjectOf } from "../src/channels/subject";
import type { Words } from "../src/i18n";

const words: Words = {
  language: "en",
  t: (key, params) => (params ? `${key} ${JSON.stringify(params)}` : key),
  has: () => true,
  word: (group, name) => `${group}.${name}`,
};

describe("what a contact is about", () => {
  it.each([
    ["Fax, 1 page", "fax.subject1"],
    ["Fax, 12 pages", 'fax.subjectN {"n":"12"}'],
    ["Fax, 3 pages (incomplete)", 'fax.subjectN {"n":"3"} fax.incomplete'],
    ["Fax, PDF", "channel.fax"],
    ["Fax", "channel.fax"],
    ["Order 4711", "Order 4711"],
  ])("says %s of a fax in words of the catalogue", (subject, text) => {
    expect(subjectOf(words, "fax", subject)).toBe(text);
  });

  it("leaves what a customer wrote as it is", () => {
    expect(subjectOf(words, "email", "Fax, 1 page")).toBe("Fax, 1 page");
    expect(subjectOf(words, "email", null)).toBe("");
  });
});
