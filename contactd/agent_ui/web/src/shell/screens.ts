/** Where the way to each screen stands that not everybody needs all day: in the top bar's row, or under More. */
import { allowed, type Screen } from "../route";

const SELDOM: readonly Screen[] = ["reports", "surveys", "quality", "approvals", "texts", "records", "writebacks", "duplicates", "imports", "connectors", "quarantine", "prompts", "privacy"];

/** Under which heading a screen stands; what is not named is for those who run the house. */
export const GROUPS = ["results", "writing", "customers", "admin"] as const;
export const GROUP_OF: Partial<Record<Screen, (typeof GROUPS)[number]>> = {
  reports: "results",
  surveys: "results",
  quality: "results",
  texts: "writing",
  records: "customers",
  writebacks: "customers",
  duplicates: "customers",
  imports: "customers",
};

/**
 * What stands in the row and what under More.
 *
 * Who runs the floor reads reports all day; the quarantine is mostly empty and comes up when something is `stuck` in it; approvals come up while
 * any are `asked` for, because somebody waits for the answer.
 */
export function placed(rights: readonly string[], stuck: number, asked = 0): { daily: Screen[]; seldom: Screen[] } {
  const may = SELDOM.filter((one) => allowed(one, rights) && (one !== "duplicates" || allowed("floor", rights)));
  const up = (one: Screen): boolean => (one === "reports" && allowed("floor", rights)) || (one === "quarantine" && stuck > 0) || (one === "approvals" && asked > 0);
  return { daily: may.filter(up), seldom: may.filter((one) => !up(one)) };
}
