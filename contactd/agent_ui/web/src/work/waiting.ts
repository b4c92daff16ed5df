/** Who of those in hand waits for an answer now, and for how long. */
import type { InteractionView } from "../wire";

/** Seconds after which an answer in a live conversation is late to come, and late. */
export const NEAR_S = 30;
export const LATE_S = 90;

/** Since when a customer who is there now waits for an answer; null: the turn is not ours. */
export function awaited(item: InteractionView): string | null {
  return item.live && item.state === "active" && item.unanswered_since ? item.unanswered_since : null;
}

/** Who has waited longest for an answer: the one to be answered next. */
export function nextOf(work: readonly InteractionView[]): InteractionView | null {
  return work.reduce<InteractionView | null>((next, item) => {
    const since = awaited(item);
    if (since === null) return next;
    const before = next === null ? null : awaited(next);
    return before === null || since < before ? item : next;
  }, null);
}
