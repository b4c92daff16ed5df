/**
 * What a contact is about, in the reader's language.  A fax has no subject of its own: its channel writes what it is
 * ("Fax, 3 pages (incomplete)"), and that is said in words of the catalogue.
 */
import type { Words } from "../i18n";
import { lookOf } from ".";

const WRITTEN = /^Fax(?:, (?:(\d+) pages?|PDF))?( \(incomplete\))?$/;

export function subjectOf({ t, word }: Words, channel: string | null, subject: string | null): string {
  const found = lookOf(channel).body === "pages" ? WRITTEN.exec(subject ?? "") : null;
  if (found === null) return subject ?? "";
  const [, pages, incomplete] = found;
  const text = pages === undefined ? word("channel", channel) : pages === "1" ? t("fax.subject1") : t("fax.subjectN", { n: pages });
  return incomplete ? `${text} ${t("fax.incomplete")}` : text;
}
