/**
 * Reads an explanation into what the drawer shows: why an item waits (position, step, what keeps whom from it) and why it was
 * offered to whom it was.  What is known is shown in words; all of it stands below as it came.
 */
import type { Reason } from "../wire";

export interface PastOffer {
  agent: string;
  outcome: string | null;
  reason: string | null;
  at: string | null;
}

export interface Explanation {
  sentences: Reason[];
  position: [number, number] | null;
  /** Which skill step of how many, and when the next begins. */
  step: { n: number; of: number; nextAt: string | null } | null;
  needs: { skill: string; level: number }[];
  waitsFor: string | null;
  /** What keeps agents from it → how many; `free` could take it. */
  filters: [string, number][];
  free: number | null;
  /** Terms of the score in the order given. */
  terms: [string, number][];
  score: number | null;
  offers: PastOffer[] | null;
}

type Doc = Record<string, unknown>;

const FREE = "free";
/** Not a part of the sum, but a fact beside it. */
const FACTS = new Set(["waited_s"]);

export function readExplanation(raw: unknown): Explanation {
  const whole = asDoc(raw);
  // The waiting part stands at the top or under a name of its own.
  const doc = { ...whole, ...asDoc(whole.waiting_now ?? whole.explain ?? whole.now) };
  const offers = Array.isArray(doc.offers) ? asList(doc.offers).map(asDoc) : null;
  const decision = asDoc(doc.decision ?? offers?.at(-1)?.decision);
  const terms = pairs(doc.terms ?? decision.terms).filter(([name]) => !FACTS.has(name));
  const filters = pairs(doc.filters);
  const [position, waiting] = [asNumber(doc.position), asNumber(doc.waiting)];
  const [step, steps] = [asNumber(doc.step), asNumber(doc.steps)];
  return {
    sentences: asList(doc.reasons ?? decision.reasons).map(asReason).filter((entry) => entry !== null),
    position: position === null || waiting === null ? null : [position, waiting],
    step: step === null || steps === null ? null : { n: step + 1, of: steps, nextAt: asText(doc.next_step_at) },
    needs: asNeeds(doc.needs),
    waitsFor: asText(doc.waits_for),
    filters: filters.filter(([name]) => name !== FREE).sort((a, b) => b[1] - a[1]),
    free: filters.length === 0 ? null : (filters.find(([name]) => name === FREE)?.[1] ?? 0),
    terms,
    score: asNumber(doc.score ?? decision.score) ?? (terms.length > 0 ? terms.reduce((sum, [, value]) => sum + value, 0) : null),
    offers: offers?.map(asOffer) ?? null,
  };
}

/** One kind of work that waits, and what keeps an agent from it. */
export interface IdleKind {
  line: string;
  channel: string;
  needs: { skill: string; level: number }[];
  count: number;
  why: string;
}

export interface Idle {
  used: number | null;
  sentences: Reason[];
  waiting: IdleKind[];
}

/** Reads why an agent has nothing to do. */
export function readIdle(raw: unknown): Idle {
  const doc = asDoc(raw);
  return {
    used: asNumber(doc.used),
    sentences: asList(doc.reasons).map(asReason).filter((entry) => entry !== null),
    waiting: asList(doc.waiting).flatMap((entry): IdleKind[] => {
      const kind = asDoc(entry);
      const [line, channel, why, count] = [asText(kind.line), asText(kind.channel), asText(kind.why), asNumber(kind.count)];
      return line === null || channel === null || why === null || count === null
        ? []
        : [{ line, channel, why, count, needs: asNeeds(kind.needs) }];
    }),
  };
}

function asNeeds(value: unknown): { skill: string; level: number }[] {
  return asList(value).flatMap((entry) => {
    const { skill, level } = asDoc(entry);
    return typeof skill === "string" && typeof level === "number" ? [{ skill, level }] : [];
  });
}

function asOffer(doc: Doc): PastOffer {
  return { agent: asText(doc.agent) ?? "–", outcome: asText(doc.outcome), reason: asText(doc.reason), at: asText(doc.offered_at) };
}

function asReason(value: unknown): Reason | null {
  const doc = asDoc(value);
  const key = asText(doc.key);
  return key === null ? null : { key, params: asDoc(doc.params) };
}

/** Numbers by name, written as a mapping or as a list of pairs. */
function pairs(value: unknown): [string, number][] {
  const list = Array.isArray(value) ? (value as unknown[]) : Object.entries(asDoc(value));
  return list.flatMap((entry): [string, number][] => {
    const [name, number] = Array.isArray(entry) ? (entry as unknown[]) : [];
    return typeof name === "string" && typeof number === "number" ? [[name, number]] : [];
  });
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
