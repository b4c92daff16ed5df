import { describe, expect, it } from "vitest";
import { type Chosen, fileOf, type Group, lastMonth, monthOf, spanOf, weekOf, within } from "../src/reports/reports";

const NOW = new Date(2026, 10, 22, 15, 30);
const CHOSEN: Chosen = { since: "2026-11-20T00:00:00.000Z", until: "2026-11-22T10:00:00.000Z", line: null, channel: "voice" };

describe("the time of a report", () => {
  it("is made of whole days, and ends now", () => {
    expect(spanOf("today", NOW)).toEqual({ since: new Date(2026, 10, 22).toISOString(), until: NOW.toISOString() });
    expect(spanOf("week", NOW).since).toBe(new Date(2026, 10, 16).toISOString());
    expect(spanOf("month", NOW).since).toBe(new Date(2026, 9, 24).toISOString());
  });

  it("ends at midnight for yesterday", () => {
    expect(spanOf("yesterday", NOW)).toEqual({ since: new Date(2026, 10, 21).toISOString(), until: new Date(2026, 10, 22).toISOString() });
  });
});

describe("what lies behind a row", () => {
  it("is its line, channel or agent", () => {
    expect(within("line", "sales", CHOSEN)).toEqual({ ...CHOSEN, line: "sales" });
    expect(within("agent", "ann", CHOSEN)).toEqual({ ...CHOSEN, agent: "ann" });
    expect(within("line", null, CHOSEN)).toBeNull();
  });

  it("is its hour, as far as that was counted", () => {
    expect(within("hour", "2026-11-22T09:00+00:00", CHOSEN)).toMatchObject({ since: "2026-11-22T09:00:00.000Z", until: "2026-11-22T10:00:00.000Z" });
    expect(within("hour", "2026-11-22T17:30+08:00", CHOSEN)).toMatchObject({ since: "2026-11-22T09:30:00.000Z", until: "2026-11-22T10:00:00.000Z" });
  });

  it("is its day by the clock of who looks", () => {
    const day = within("day", "2026-11-21", CHOSEN);
    expect(day).toMatchObject({ since: new Date(2026, 10, 21).toISOString(), until: new Date(2026, 10, 22).toISOString() });
  });

  it("is nothing for an hour of the week, which is many", () => {
    expect(within("weekday_hour", "1 09", CHOSEN)).toBeNull();
  });
});

it("a week has seven days of 24 hours", () => {
  const monday = { key: "1 09", offered: 3 } as Group;
  const week = weekOf([monday]);
  expect(week.map((day) => day.length)).toEqual([24, 24, 24, 24, 24, 24, 24]);
  expect(week[0]?.[9]).toBe(monday);
  expect(week.flat().filter((one) => one !== null)).toEqual([monday]);
});

it("a file is asked for with the same choice", () => {
  const address = new URL(fileOf("line", CHOSEN, "xlsx"), "http://x");
  expect(Object.fromEntries(address.searchParams)).toMatchObject({ by: "line", form: "xlsx", channel: "voice", since: CHOSEN.since });
  expect(new URL(fileOf("agent", CHOSEN, "csv"), "http://x").pathname).toBe("/api/v1/reports/agents");
});

describe("months", () => {
  it("are whole by the clock of who looks, and the last one is over", () => {
    expect(lastMonth(new Date(2026, 0, 15))).toBe("2025-12");
    const { since, until } = monthOf("2026-12");
    expect([new Date(since).getMonth(), new Date(since).getDate(), new Date(until).getFullYear(), new Date(until).getMonth()]).toEqual([11, 1, 2027, 0]);
  });
});
