import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { keyed, keyOf, type Press } from "../src/keyboard";

function press(key: string, change: Partial<Press> = {}): Press {
  return { key, code: `Key${key.toUpperCase()}`, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false, ...change };
}

describe("a single key", () => {
  it("works on the page, not in a field", () => {
    expect(keyOf(press("a"), "page")).toBe("a");
    expect(keyOf(press("a"), "field")).toBeNull();
  });

  it("works in a field with Alt held, whatever sign the system puts on it", () => {
    expect(keyOf(press("å", { code: "KeyA", altKey: true }), "field")).toBe("a");
    expect(keyOf(press("Q", { altKey: true, shiftKey: true }), "field")).toBe("Q");
  });

  it("leaves the digits with Alt to the answers they insert", () => {
    expect(keyOf(press("1", { code: "Digit1", altKey: true }), "page")).toBeNull();
  });

  it.each([
    ["with Ctrl", { ctrlKey: true }],
    ["with AltGr, which is Ctrl and Alt", { ctrlKey: true, altKey: true }],
    ["with Command", { metaKey: true }],
    ["while an input method composes", { isComposing: true }],
    ["that was used already", { defaultPrevented: true }],
  ])("means nothing %s", (_, change) => {
    expect(keyOf(press("a", change), "page")).toBeNull();
  });

  it("means nothing under a dialog", () => {
    expect(keyOf(press("a"), "above")).toBeNull();
    expect(keyOf(press("a", { altKey: true }), "above")).toBeNull();
  });
});

it("a button says its keys to a screen reader", () => {
  expect(keyed("⇧Q")).toEqual({ "data-key": "⇧Q", "aria-keyshortcuts": "Shift+Q Alt+Shift+Q" });
});

it("shows as keys only what is one: facts and answers have a data-key of their own", () => {
  const css = readFileSync(new URL("../src/styles/base.css", import.meta.url), "utf8");
  expect(css).toContain("[data-hints] [data-key][aria-keyshortcuts]::after");
});
