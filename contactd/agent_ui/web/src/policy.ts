/**
 * What the screens need of the policy: labels of lines and skills, trees of dispositions, reasons.
 *
 * The document is configuration and may be written in more than one way (a label as text or by language, a list of codes or of
 * objects, a tree as list or as mapping); this file is the one place that reads it.
 */
import type { Label } from "./wire";

export interface Choice {
  code: string;
  label: string;
}

export interface DispositionNode extends Choice {
  children: DispositionNode[];
}

export interface ChannelRule {
  mayReject: boolean | null;
  /** Seconds within which the customer should be answered. */
  target: number | null;
  dispositionRequired: boolean;
  /** Seconds a message can be taken back before it leaves. */
  undoS: number;
  /** Addresses of ours a letter may come from, the line's own first; none: no choice. */
  senders: string[];
}

export interface PolicyWords {
  version: number | null;
  lines: Choice[];
  skills: Map<string, string>;
  notReady: Choice[];
  reject: Choice[];
  /** Templates of cases. */
  templates: Choice[];
  dispositions(line: string | null): DispositionNode[];
  /** How a channel behaves in a line, as far as the document tells; null where it does not. */
  rule(line: string | null, channel: string): ChannelRule;
}

type Doc = Record<string, unknown>;

const SYSTEM_REASONS = new Set(["rona", "lost", "device"]);

export function readPolicy(raw: unknown, language: string): PolicyWords {
  const doc = asDoc(raw);
  const lines = entries(doc.lines, ["line", "id", "name", "code"]);
  const byLine = new Map(lines);
  const reasons = asDoc(doc.reasons);
  const notReady = reasons.not_ready ?? doc.reasons;
  const shared = tree(Array.isArray(doc.dispositions) ? doc.dispositions : asDoc(doc.dispositions).default, language);
  return {
    version: typeof doc.version === "number" ? doc.version : null,
    lines: lines.map(([code, line]) => ({ code, label: label(line.label, language) ?? code })),
    skills: new Map(choices(doc.skills, language).map((skill) => [skill.code, skill.label])),
    notReady: choices(notReady, language).filter((reason) => !SYSTEM_REASONS.has(reason.code)),
    templates: choices(doc.templates, language),
    reject: choices(reasons.reject ?? doc.reject_reasons, language),
    dispositions(line) {
      const own = byLine.get(line ?? "")?.dispositions;
      if (Array.isArray(own)) return tree(own, language);
      return typeof own === "string" ? tree(asDoc(doc.dispositions)[own], language) : shared;
    },
    rule(line, channel) {
      const own = byLine.get(line ?? "");
      const places = [asDoc(asDoc(own?.channels)[channel]), own ?? {}, asDoc(asDoc(doc.channels)[channel])];
      const first = (read: (place: Doc) => unknown, type: string): unknown =>
        places.map(read).find((value) => typeof value === type);
      return {
        mayReject: (first((place) => place.may_reject, "boolean") as boolean | undefined) ?? null,
        target: (first((place) => place.sla_s, "number") as number | undefined) ?? null,
        senders: Array.isArray(own?.senders) ? own.senders.filter((one): one is string => typeof one === "string") : [],
        undoS: typeof own?.undo_s === "number" ? own.undo_s : 0,
        dispositionRequired: first((place) => asDoc(place.wrapup).mode, "string") === "mandatory",
      };
    },
  };
}

/** The way from the root to a code, as labels: `账单 / 发票问题`. */
export function dispositionPath(nodes: DispositionNode[], code: string): string[] {
  for (const node of nodes) {
    if (node.code === code) return [node.label];
    const below = dispositionPath(node.children, code);
    if (below.length > 0) return [node.label, ...below];
  }
  return [];
}

export function label(value: unknown, language: string): string | null {
  if (typeof value === "string") return value === "" ? null : value;
  const words = asDoc(value) as Label;
  return (language.startsWith("zh") ? (words.zh ?? words.en) : (words.en ?? words.zh)) ?? null;
}

function tree(raw: unknown, language: string): DispositionNode[] {
  return entries(raw, ["code", "id", "disposition", "name"]).map(([code, node]) => ({
    code,
    label: label(node.label ?? node.title, language) ?? code,
    children: tree(node.children, language),
  }));
}

function choices(raw: unknown, language: string): Choice[] {
  return entries(raw, ["code", "id", "reason", "skill", "name"]).map(([code, entry]) => ({
    code,
    label: label(entry.label, language) ?? code,
  }));
}

/** A list of codes, a list of objects or a mapping of code to object, as (code, object) pairs; what is retired is left out. */
function entries(raw: unknown, names: string[]): [string, Doc][] {
  const found: [string, Doc][] = [];
  if (Array.isArray(raw)) {
    for (const entry of raw as unknown[]) {
      if (typeof entry === "string") found.push([entry, {}]);
      const doc = asDoc(entry);
      const code = names.map((name) => asText(doc[name])).find((value) => value !== null);
      if (code) found.push([code, doc]);
    }
  } else {
    for (const [code, entry] of Object.entries(asDoc(raw))) {
      found.push([code, typeof entry === "string" ? { label: entry } : withLabel(asDoc(entry))]);
    }
  }
  return found.filter(([, entry]) => entry.retired !== true);
}

function withLabel(doc: Doc): Doc {
  return "label" in doc || !("zh" in doc || "en" in doc) ? doc : { label: { zh: doc.zh, en: doc.en }, ...doc };
}

function asDoc(value: unknown): Doc {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Doc) : {};
}

function asText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
