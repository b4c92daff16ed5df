/** What the table of kinds calls things, and amounts as people write them. */
import { useQuery } from "@tanstack/react-query";
import { api, keys } from "../api";
import { useWords } from "../i18n";
import type { RecordKind } from "../wire";

export interface Kinds {
  all: RecordKind[];
  lang: "zh" | "en";
  of(kind: string): RecordKind | undefined;
  name(kind: string): string;
  stage(kind: string, stage: string): string;
}

export function useKinds(): Kinds {
  const { language } = useWords();
  const lang = language === "en" ? "en" : "zh";
  const found = useQuery({ queryKey: keys.recordKinds, queryFn: ({ signal }) => api.recordKinds(signal), staleTime: Infinity });
  const all = found.data?.items ?? [];
  const of = (kind: string): RecordKind | undefined => all.find((one) => one.kind === kind);
  return {
    all,
    lang,
    of,
    name: (kind) => of(kind)?.label[lang] ?? kind,
    stage: (kind, stage) => of(kind)?.stages.find((one) => one.stage === stage)?.label[lang] ?? stage,
  };
}

export function money(amount: number | null, currency: string | null, language: string): string {
  if (amount === null) return "";
  const digits = new Intl.NumberFormat(language, { style: "currency", currency: currency ?? "CNY" }).resolvedOptions().maximumFractionDigits ?? 2;
  return new Intl.NumberFormat(language, { style: "currency", currency: currency ?? "CNY" }).format(amount / 10 ** digits);
}
