/** How numbers, times and sizes are written; pure. */

/** Seconds as `0:07`, `12:40`, `1:02:09`; a day and more as `2d 03:15`. */
export function duration(seconds: number, dayWord = "d"): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return `${days}${dayWord} ${two(hours)}:${two(minutes)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Seconds between a moment and now; 0 for a missing moment and for the future. */
export function secondsSince(at: string | null, now: number): number {
  const then = at === null ? Number.NaN : Date.parse(at);
  return Number.isNaN(then) ? 0 : Math.max(0, (now - then) / 1000);
}

/** A moment as short as it can be told: today the time, this year month and day too, else the whole date. */
export function moment(at: string | null, now: number): string {
  const date = at === null ? null : new Date(at);
  if (date === null || Number.isNaN(date.getTime())) return "";
  const today = new Date(now);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === today.toDateString()) return time;
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return date.getFullYear() === today.getFullYear() ? `${day} ${time}` : `${date.getFullYear()}-${day}`;
}

/** Whether two moments lie in one day where the reader is. */
export function sameDay(one: string, other: string): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

/** The day of a moment as one says it: today, yesterday, else the date; the year only where it is another one. */
export function dayName(at: string, now: number, language: string): string {
  const date = new Date(at);
  const midnight = (time: Date | number): number => new Date(time).setHours(0, 0, 0, 0);
  const ago = Math.round((midnight(now) - midnight(date)) / 86_400_000);
  if (ago === 0 || ago === 1) {
    const said = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-ago, "day");
    return said.charAt(0).toUpperCase() + said.slice(1);
  }
  const year = date.getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" as const };
  return date.toLocaleDateString(language, { ...year, month: "long", day: "numeric", weekday: "short" });
}

export function fullMoment(at: string | null): string {
  const date = at === null ? null : new Date(at);
  if (date === null || Number.isNaN(date.getTime())) return "";
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${Math.round(size / 1024)} KB`;
  return `${(size / 1024 / 1024).toFixed(1)} MB`;
}

export function percent(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return "–";
  return `${Math.round(share * 100)}%`;
}

/** One or two letters for a round picture: the surname of a Chinese name, the initials of another. */
export function initials(name: string): string {
  const trimmed = name.trim();
  if (trimmed === "") return "?";
  if (/^\p{Script=Han}/u.test(trimmed)) return [...trimmed][0] ?? "?";
  const words = trimmed.split(/[\s@._-]+/).filter((word) => word !== "");
  const first = [...(words[0] ?? "")][0] ?? "?";
  const last = words.length > 1 && !trimmed.includes("@") ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** An expected wait: half wait less than the first, nine in ten less than the second; one figure when both are alike. */
export function waitRange(p50: number | null | undefined, p90: number | null | undefined, day: string, unknown: string): string {
  if (p50 === undefined || p50 === null || p90 === undefined || p90 === null) return unknown;
  return p90 - p50 < 1 ? duration(p50, day) : `${duration(p50, day)}–${duration(p90, day)}`;
}
