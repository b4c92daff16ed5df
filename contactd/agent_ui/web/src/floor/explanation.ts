/**
 * Reads the router's explanation into what the drawer shows.
 *
 * The explanation grows with the router; what is known is shown in words, all of it stands below as it came.
 */
import type { Reason } from "../wire";

export interface Explanation {
  sentences: Reason[];
  /** Terms of the score in the order given. */
  terms: [string, number][];
  score: number | null;
  /** Filter → how many agents it removed. */
  filtered: [string, number][];
  eligible: number | null;
  candidates: { agent: string; name: string; removedBy: string | null }[];
}

type Doc = Record<string, unknown>;

export function readExplanation(raw: unknown): Explanation {
  const doc = asDoc(raw);
  const decision = asDoc(doc.decision ?? lastOf(doc.decisions));
  const candidates = asList(doc.candidates ?? doc.agents).map(asCandidate).filter((entry) => entry !== null);
  const fit = candidates.filter((candidate) => candidate.removedBy === null).length;
  const counts = pairs(doc.filtered ?? doc.filters ?? doc.removed);
  return {
    sentences: asList(doc.reasons ?? doc.sentences ?? decision.reasons).map(asReason).filter((entry) => entry !== null),
    terms: pairs(doc.terms ?? decision.terms),
    score: asNumber(doc.score ?? decision.score),
    filtered: counts.length > 0 ? counts : countRemoved(candidates),
    eligible: asNumber(doc.eligible ?? decision.eligible) ?? (candidates.length > 0 ? fit : null),
    candidates,
  };
}

function asCandidate(value: unknown): Explanation["candidates"][number] | null {
  const doc = asDoc(value);
  const agent = asText(doc.agent ?? doc.id);
  if (agent === null) return null;
  const removedBy = asText(doc.removed_by ?? doc.filter ?? doc.why_not ?? doc.reason);
  return { agent, name: asText(doc.name) ?? agent, removedBy: removedBy === "ok" || removedBy === "eligible" ? null : removedBy };
}

function countRemoved(candidates: Explanation["candidates"]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { removedBy } of candidates) {
    if (removedBy !== null) counts.set(removedBy, (counts.get(removedBy) ?? 0) + 1);
  }
  return [...counts.entries()].sort((a, b) => b[1] - a[1]);
}

function asReason(value: unknown): Reason | null {
  if (typeof value === "string") return { key: value, params: {} };
  const doc = asDoc(value);
  const key = asText(doc.key);
  return key === null ? null : { key, params: asDoc(doc.params) };
}

/** Numbers by name, written as a mapping or as a list of pairs. */
function pairs(value: unknown): [string, number][] {
  const list = Array.isArray(value) ? (value as unknown[]) : Object.entries(asDoc(value));
  return list.flatMap((entry): [string, number][] => {
    const [name, number] = Array.isArray(entry) ? (entry as unknown[]) : [asDoc(entry).name, asDoc(entry).value];
    return typeof name === "string" && typeof number === "number" ? [[name, number]] : [];
  });
}

function lastOf(value: unknown): unknown {
  return Array.isArray(value) ? (value as unknown[]).at(-1) : undefined;
}

function asDoc(value: unknown): Doc {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Doc) : {};
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function asText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
