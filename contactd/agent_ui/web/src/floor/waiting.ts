/** What waits on the floor: the head of it comes live, the rest is asked for, page by page, when somebody wants to see it. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, keys } from "../api";
import type { FloorView, InteractionView } from "../wire";

const EVERY_MS = 10_000;

export interface WaitingView {
  waiting: InteractionView[];
  /** How many there are. */
  total: number;
  /** Shows more of them; null when all are shown. */
  more: (() => void) | null;
}

export function useWaiting(floor: FloorView, line: string | null): WaitingView {
  const [asked, setAsked] = useState<ReadonlySet<string | null>>(new Set());
  const live = useMemo(() => (line === null ? floor.waiting : floor.waiting.filter((item) => item.line === line)), [floor.waiting, line]);
  const lines = line === null ? floor.lines : floor.lines.filter((one) => one.line === line);
  const total = Math.max(
    lines.reduce((sum, one) => sum + one.waiting, 0),
    live.length,
  );
  const pages = useInfiniteQuery({
    queryKey: keys.queue(line),
    queryFn: ({ pageParam, signal }) => api.queue(line, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    enabled: total > live.length && asked.has(line),
    refetchInterval: EVERY_MS,
  });
  const rest = pages.data?.pages;
  const waiting = useMemo(() => merged(live, total > live.length ? (rest ?? []).flatMap((page) => page.items) : []), [live, rest, total]);
  const more = (): void => {
    if (asked.has(line)) void pages.fetchNextPage();
    else setAsked(new Set([...asked, line]));
  };
  return { waiting, total, more: waiting.length < total && !pages.isFetching ? more : null };
}

/** What comes live counts; what was asked for is a little older. */
export function merged(live: InteractionView[], asked: InteractionView[]): InteractionView[] {
  if (asked.length === 0) return live;
  const known = new Set(live.map((item) => item.id));
  return [...live, ...asked.filter((item) => !known.has(item.id))];
}
