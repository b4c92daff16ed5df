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
  const { language } = useWords();
  return {
    skill: (code) => policy.skills.get(code) ?? (spokenLanguage(code, language) || code),
    line,
  };
}

/** A language counts as a skill `language:zh`; by its name in the language of the screen, empty for any other skill. */
function spokenLanguage(skill: string, language: string): string {
  const code = /^language:(.+)$/.exec(skill)?.[1];
  if (code === undefined) return "";
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
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
  if (key === "reason.skill" && String(params.skill).startsWith("language:")) {
    return words.t("reason.language", { language: labels.skill(String(params.skill)) });
  }
  return words.has(key) ? words.t(key as never, said) : "";
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
