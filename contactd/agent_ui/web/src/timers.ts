/** Timers for the socket that keep time in a hidden tab: a worker beats each second, the rest is counting. */
import type { Timers } from "./socket";

interface Due {
  at: number;
  every: number | null;
  run: () => void;
}

export function pageTimers(): Timers {
  const due = new Set<Due>();
  const look = (): void => {
    const now = performance.now();
    for (const timer of [...due]) {
      if (timer.at > now || !due.has(timer)) continue;
      if (timer.every === null) due.delete(timer);
      else timer.at = now + timer.every;
      timer.run();
    }
  };
  try {
    const worker = new Worker(new URL("./beat.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = look;
    worker.onerror = () => void setInterval(look, 1000);
  } catch {
    setInterval(look, 1000);
  }
  const add = (ms: number, every: number | null, run: () => void): (() => void) => {
    const timer: Due = { at: performance.now() + ms, every, run };
    due.add(timer);
    // Short waits should not be rounded up to a whole second; `look` is idempotent.
    if (ms < 3000) setTimeout(look, ms + 1);
    return () => due.delete(timer);
  };
  return {
    after: (ms, run) => add(ms, null, run),
    every: (ms, run) => add(ms, ms, run),
  };
}
