/** Reasons of the router as one sentence. */
import { useLineLabel, usePolicy } from "../desk";
import { duration } from "../format";
import { type Params, useWords, type Words } from "../i18n";
import type { Reason } from "../wire";

export interface Labels {
  skill(code: string): string;
  line(code: string): string;
}

export function useLabels(): Labels {
  const policy = usePolicy();
  const line = useLineLabel();
  return { skill: (code) => policy.skills.get(code) ?? code, line };
}

export function useReasonText(reasons: Reason[]): string {
  const words = useWords();
  const labels = useLabels();
  const joint = words.language === "en" ? ", " : "，";
  return reasons
    .filter((reason) => reason.key !== "reason.score")
    .map((reason) => reasonText(words, labels, reason))
    .filter((text) => text !== "")
    .join(joint);
}

/** One reason; empty for one this console has no words for. */
export function reasonText(words: Words, labels: Labels, { key, params }: Reason): string {
  const seconds = (value: unknown): string => duration(Number(value) || 0, words.t("common.day"));
  const said: Params = {};
  for (const [name, value] of Object.entries(params ?? {})) {
    said[name] = typeof value === "number" ? round(value) : String(value ?? "");
  }
  if ("idle_s" in said) said.idle = seconds(params.idle_s);
  if ("s" in said) said.waited = seconds(params.s);
  if ("skill" in said) said.skill = labels.skill(String(params.skill));
  if ("line" in said) said.line = labels.line(String(params.line));
  if ("kind" in said) said.kind = words.word("preferred", String(params.kind));
  return words.has(key) ? words.t(key as never, said) : "";
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
