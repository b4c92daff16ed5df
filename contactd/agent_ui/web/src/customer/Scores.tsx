/** What was last counted of a customer: A, B or C by value and by contact, and the segments they belong to, as of when. */
import { useQuery } from "@tanstack/react-query";
import { api } from "../api";
import { money } from "../commerce/words";
import { useWords } from "../i18n";
import { At } from "../shell/bits";
import type { PartyView, SegmentsView } from "../wire";

/** How often is looked while customers are being counted. */
const COUNTING_MS = 2000;

export function useSegments() {
  return useQuery({ queryKey: ["segments"], queryFn: ({ signal }) => api.segments(signal), staleTime: 60_000, refetchInterval: (query) => (query.state.data?.counting ? COUNTING_MS : false) });
}

export function segmentName(found: SegmentsView | undefined, key: string, language: string): string {
  const one = found?.items.find((item) => item.key === key);
  return (language === "en" ? one?.label.en : one?.label.zh) || key;
}

export function Scores({ party, plain = false }: { party: PartyView; plain?: boolean }) {
  const { t, language } = useWords();
  const segments = useSegments();
  const { scores } = party;
  if (!scores || (!scores.value_class && !scores.contact_class && scores.segments.length === 0)) return null;
  const asOf = segments.data?.as_of ?? scores.as_of;
  return (
    <div className="row customer-tags" data-testid="scores">
      {scores.value_class && (
        <span className="tag" title={scores.value === null ? undefined : t("scores.valueHint", { amount: money(scores.value, "CNY", language) })} data-testid="value-class">
          {t("scores.value", { class: scores.value_class })}
        </span>
      )}
      {scores.contact_class && (
        <span className="tag" title={t("scores.contactHint", { n: scores.contacts })} data-testid="contact-class">
          {t("scores.contact", { class: scores.contact_class })}
        </span>
      )}
      {scores.segments.map((key) => (
        <span key={key} className="tag accent" data-testid="segment">
          {segmentName(segments.data, key, language)}
        </span>
      ))}
      {!plain && asOf && (
        <span className="dim">
          {t("scores.asOf")} <At at={asOf} />
        </span>
      )}
    </div>
  );
}
