/** Why something could not be read, in words of the catalogue; what a reader says in its own words is shown as it is. */
import type { Words } from "../i18n";

/** What readers say (their first words) → a sentence of `quarantine.reasons`. */
const KNOWN: readonly [start: string, key: string][] = [
  ["it is neither TIFF nor PDF", "noFax"],
  ["the gateway's mail has no TIFF or PDF", "noFax"],
  ["no page in the file", "noPage"],
  ["page 1 ", "damagedPage"],
  ["the mail could not be read", "mail"],
  ["the raw bytes are missing", "missing"],
  ["worker died", "died"],
  ["cannot be placed", "failed"],
  ["cannot be read", "failed"],
  ["reader failed", "failed"],
  ["no channel reads this", "noChannel"],
];

export function reasonIn({ word }: Words, reason: string): string {
  const key = KNOWN.find(([start]) => reason.startsWith(start))?.[1];
  return key === undefined ? reason : word("quarantine.reasons", key, reason);
}
