/** One clock for everything that counts on the screen: ticks once a second, corrected by the server's clock. */
import { useSyncExternalStore } from "react";
import { clockSkew } from "./api";

let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;
const watchers = new Set<() => void>();

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  timer ??= setInterval(tick, 1000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

function tick(): void {
  now = Date.now() + clockSkew();
  for (const watcher of [...watchers]) watcher();
}

function current(): number {
  // A first reader after a pause must not see an old second.
  if (timer === null || Date.now() + clockSkew() - now > 1500) now = Date.now() + clockSkew();
  return now;
}

/** Now in milliseconds of the server's clock, again every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, current);
}

export function serverNow(): number {
  return Date.now() + clockSkew();
}
