import { describe, expect, it } from "vitest";
import { bytes, dayName, duration, initials, moment, percent, sameDay, secondsSince } from "../src/format";

describe("durations", () => {
  it.each([
    [0, "0:00"],
    [-5, "0:00"],
    [7.9, "0:07"],
    [760, "12:40"],
    [3729, "1:02:09"],
    [2 * 86_400 + 3 * 3600 + 900, "2d 03:15"],
  ])("%s s is %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it("count from a moment, never below nothing", () => {
    const now = Date.parse("2026-11-20T02:00:10.000Z");
    expect(secondsSince("2026-11-20T02:00:00.000Z", now)).toBe(10);
    expect(secondsSince("2026-11-20T03:00:00.000Z", now)).toBe(0);
    expect(secondsSince(null, now)).toBe(0);
    expect(secondsSince("soon", now)).toBe(0);
  });
});

describe("moments", () => {
  const now = new Date(2026, 10, 20, 15, 0).getTime();
  it.each([
    [new Date(2026, 10, 20, 9, 5), "09:05"],
    [new Date(2026, 2, 1, 23, 59), "03-01 23:59"],
    [new Date(2025, 11, 31, 8, 0), "2025-12-31"],
  ])("%s is short", (at, text) => {
    expect(moment(at.toISOString(), now)).toBe(text);
  });

  it("that are none are empty", () => {
    expect(moment(null, now)).toBe("");
    expect(moment("x", now)).toBe("");
  });
});

describe("names and numbers", () => {
  it.each([
    ["张伟", "张"],
    ["𠮷田", "𠮷"],
    ["Emma Thompson", "ET"],
    ["caiwu@hengyuan.com", "C"],
    ["", "?"],
  ])("%s is drawn as %s", (name, text) => {
    expect(initials(name)).toBe(text);
  });

  it("sizes and shares", () => {
    expect([bytes(12), bytes(48_210), bytes(1_268_011)]).toEqual(["12 B", "47 KB", "1.2 MB"]);
    expect([percent(0.744), percent(null), percent(Number.NaN)]).toEqual(["74%", "–", "–"]);
  });
});

describe("days are those of the reader, not of UTC", () => {
  const at = (hour: number, day = 20): string => new Date(2026, 10, day, hour).toISOString();
  const now = new Date(2026, 10, 20, 12).getTime();

  it("begin at the reader's midnight", () => {
    expect(sameDay(at(1), at(23))).toBe(true);
    expect(sameDay(at(23, 19), at(1))).toBe(false);
  });

  it.each([
    [at(1), "zh-CN", "今天"],
    [at(23, 19), "zh-CN", "昨天"],
    [at(1), "en", "Today"],
    [at(9, 3), "en", "Tue, November 3"],
  ])("%s in %s is %s", (moment, language, said) => {
    expect(dayName(moment, now, language)).toBe(said);
  });

  it("say the year where it is another one", () => {
    expect(dayName(new Date(2025, 11, 31, 9).toISOString(), now, "zh-CN")).toContain("2025");
  });
});
