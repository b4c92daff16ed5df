/** Where we are: hash routes `#/<screen>/<id>`, so that the server serves one page and reload stays in place. */
import { useSyncExternalStore } from "react";

export type Screen = "work" | "outbox" | "floor" | "quarantine" | "duplicates" | "cases" | "customers" | "imports" | "connectors" | "privacy" | "customer" | "knowledge" | "surveys" | "quality" | "approvals" | "writebacks" | "prompts" | "reports" | "records" | "texts";

export interface Route {
  screen: Screen | null;
  id: string | null;
}

export const SCREENS: readonly Screen[] = ["work", "outbox", "floor", "quarantine", "duplicates", "cases", "customers", "imports", "connectors", "privacy", "customer", "knowledge", "surveys", "quality", "approvals", "writebacks", "prompts", "reports", "records", "texts"];

/** What a role must be allowed, for a screen to be there for it. */
const NEEDS: Record<Screen, string> = {
  work: "interaction.read",
  outbox: "outbox.read",
  floor: "interaction.watch",
  quarantine: "interaction.replay",
  duplicates: "duplicate.decide",
  cases: "case.read",
  customers: "party.read",
  imports: "import.read",
  connectors: "import.read",
  privacy: "privacy.read",
  customer: "party.read",
  knowledge: "kb.read",
  surveys: "survey.read",
  quality: "quality.read",
  approvals: "approval.read",
  writebacks: "writeback.read",
  reports: "report.read",
  prompts: "prompt.read",
  records: "record.read",
  texts: "text.read",
};

/** Where who has no contacts to work on begins: the first they may see. */
const HOMES: readonly Screen[] = ["privacy", "quality", "surveys", "customers", "imports", "records", "work"];

export function allowed(screen: Screen, rights: readonly string[]): boolean {
  return rights.includes(NEEDS[screen]);
}

/** The screen for a route: supervisors start on the floor, agents at their work, others where they have something to do. */
export function screenFor(asked: Screen | null, rights: readonly string[]): Screen {
  if (asked !== null && allowed(asked, rights)) return asked;
  if (asked === null && allowed("floor", rights)) return "floor";
  if (rights.includes("offer.accept")) return "work";
  return HOMES.find((screen) => allowed(screen, rights)) ?? "work";
}

let cached: { hash: string; route: Route } | null = null;

export function readRoute(hash: string): Route {
  const [screen = "", id = ""] = hash.replace(/^#\/?/, "").split("/");
  return {
    screen: (SCREENS as readonly string[]).includes(screen) ? (screen as Screen) : null,
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
