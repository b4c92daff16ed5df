/**
 * What REST told before, and the socket has outdated since.
 *
 * An answer that was under way when an event came may have been read before it: such a question is asked again, or the event would be
 * lost under the older answer. The query library alone does that only for queries that have an answer already.
 */
import type { QueryClient, QueryFilters } from "@tanstack/react-query";
import { byTime, keys } from "./api";
import type { MessageView, WireEvent } from "./wire";

const SPREAD_MS = 2000;

/** Whatever is on screen of these queries is asked for again; an answer that is under way does not count. */
export async function outdate(queries: QueryClient, filters: QueryFilters): Promise<void> {
  await queries.cancelQueries(filters);
  await queries.invalidateQueries(filters);
}

/** An event changes or outdates what REST has told before. */
export function refresh(queries: QueryClient, event: WireEvent): void {
  if (event.event === "message.added") {
    void add(queries, event.data.interaction, event.data.message);
  } else if (event.event === "interaction.changed") {
    const { interaction } = event.data;
    void outdate(queries, { queryKey: keys.interaction(interaction.id) });
    void outdate(queries, { queryKey: keys.events(interaction.id) });
    if (interaction.party_id) void outdate(queries, { queryKey: keys.timeline(interaction.party_id) });
  } else if (event.event === "alert.raised" && event.data.kind === "quarantine") {
    void outdate(queries, { queryKey: keys.quarantined });
  } else if (event.event === "outbox.changed") {
    void outdate(queries, { queryKey: keys.outboxes });
  } else if (event.event === "case.news") {
    void outdate(queries, { queryKey: keys.case(event.data.case) });
    void outdate(queries, { queryKey: keys.followed });
  } else if (event.event === "approval.news") {
    void outdate(queries, { queryKey: ["approvals"] });
  } else if (event.event === "announcement.news") {
    // Everybody hears this at the same moment: they need not all ask at the same moment.
    setTimeout(() => void outdate(queries, { queryKey: ["announcements"] }), Math.random() * SPREAD_MS);
  } else if (event.event === "floor.changed" && event.data.policy_version !== undefined) {
    void outdate(queries, { queryKey: keys.policy });
    void outdate(queries, { queryKey: ["segments"] });
  }
}

async function add(queries: QueryClient, interaction: string, message: MessageView): Promise<void> {
  const queryKey = keys.messages(interaction);
  const asked = queries.isFetching({ queryKey }) > 0;
  if (asked) await queries.cancelQueries({ queryKey });
  queries.setQueryData<MessageView[]>(queryKey, (known) =>
    known ? [...known.filter((item) => item.id !== message.id), message].sort(byTime) : known,
  );
  if (asked) await queries.invalidateQueries({ queryKey });
}
