/** Where we are: hash routes `#/<screen>/<id>`, so that the server serves one page and reload stays in place. */
import { useSyncExternalStore } from "react";

export type Screen = "work" | "outbox" | "floor" | "quarantine" | "duplicates" | "cases" | "customers" | "imports" | "privacy" | "customer" | "knowledge" | "surveys" | "reports" | "records";

export interface Route {
  screen: Screen | null;
  id: string | null;
}

const SCREENS: readonly string[] = ["work", "outbox", "floor", "quarantine", "duplicates", "cases", "customers", "imports", "privacy", "customer", "knowledge", "surveys", "reports", "records"];

let cached: { hash: string; route: Route } | null = null;

export function readRoute(hash: string): Route {
  const [screen = "", id = ""] = hash.replace(/^#\/?/, "").split("/");
  return {
    screen: SCREENS.includes(screen) ? (screen as Screen) : null,
    id: id === "" ? null : decodeURIComponent(id),
  };
}

export function go(screen: Screen, id: string | null = null): void {
  window.location.hash = id === null ? `#/${screen}` : `#/${screen}/${encodeURIComponent(id)}`;
}

export function useRoute(): Route {
  return useSyncExternalStore(
    (watcher) => {
      window.addEventListener("hashchange", watcher);
      return () => window.removeEventListener("hashchange", watcher);
    },
    () => {
      const { hash } = window.location;
      if (cached?.hash !== hash) cached = { hash, route: readRoute(hash) };
      return cached.route;
    },
  );
}
