/**
 * Joins the parts for the screens: one socket, one store, one query cache, and hooks to read them and to give commands.
 */
import { QueryClient, useQuery } from "@tanstack/react-query";
import { App as AntApp } from "antd";
import { createContext, useCallback, useContext, useMemo, useState, useSyncExternalStore } from "react";
import { api, ApiError, keys } from "./api";
import { outdate, refresh } from "./freshness";
import { useWords, type Words } from "./i18n";
import { type PolicyWords, readPolicy } from "./policy";
import { useSettings } from "./settings";
import { CommandError, ConsoleSocket, type Link, type PendingCommand } from "./socket";
import { ConsoleStore } from "./store";
import { pageTimers } from "./timers";
import type { ConsoleState, LineView, WireEvent } from "./wire";

export interface LinkState {
  link: Link;
  since: number;
  retryAt: number | null;
}

export interface Desk {
  store: ConsoleStore;
  socket: ConsoleSocket;
  getLink(): LinkState;
  onLink(watcher: () => void): () => void;
  /** Hear every event as it is applied (ring, badge, notices). */
  onEvent(watcher: (event: WireEvent) => void): () => void;
  stop(): void;
}

const OUTBOX = "contactd.outbox";

export function newId(): string {
  // crypto.randomUUID is missing on plain http beyond localhost.
  const random = crypto.getRandomValues(new Uint8Array(12));
  return Date.now().toString(36) + [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      },
    },
  });
}

export function openDesk(queries: QueryClient, onRefused: () => void): Desk {
  const store = new ConsoleStore();
  const linkWatchers = new Set<() => void>();
  const eventWatchers = new Set<(event: WireEvent) => void>();
  let link: LinkState = { link: "connecting", since: Date.now(), retryAt: null };

  const socket = new ConsoleSocket(
    {
      open: () => {
        const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
        return new WebSocket(`${scheme}//${window.location.host}/ws/console`) as never;
      },
      timers: pageTimers(),
      random: Math.random,
      newId,
      probe: api.probe,
      outbox: { load: loadOutbox, save: saveOutbox },
    },
    {
      onSnapshot(state) {
        const policy = store.get()?.policy_version;
        store.reset(state);
        // What was missed is unknown: everything on screen is asked for again.
        void outdate(queries, { predicate: ({ queryKey }) => queryKey[0] !== "policy" });
        if (policy !== state.policy_version) void outdate(queries, { queryKey: keys.policy });
      },
      onEvent(event) {
        store.feed(event);
        refresh(queries, event);
        for (const watcher of [...eventWatchers]) watcher(event);
      },
      onLink(next, retryInMs) {
        const since = next === link.link ? link.since : Date.now();
        link = { link: next, since, retryAt: retryInMs === null ? null : Date.now() + retryInMs };
        for (const watcher of [...linkWatchers]) watcher();
        if (next === "refused") onRefused();
      },
    },
  );
  const nudge = (): void => socket.nudge();
  const lost = (): void => socket.lost();
  const woken = (): void => {
    if (document.visibilityState === "visible") socket.nudge();
  };
  window.addEventListener("online", nudge);
  window.addEventListener("offline", lost);
  document.addEventListener("visibilitychange", woken);
  socket.start();
  return {
    store,
    socket,
    getLink: () => link,
    onLink(watcher) {
      linkWatchers.add(watcher);
      return () => linkWatchers.delete(watcher);
    },
    onEvent(watcher) {
      eventWatchers.add(watcher);
      return () => eventWatchers.delete(watcher);
    },
    stop() {
      window.removeEventListener("online", nudge);
      window.removeEventListener("offline", lost);
      document.removeEventListener("visibilitychange", woken);
      socket.stop();
    },
  };
}

function loadOutbox(): PendingCommand[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(OUTBOX) ?? "[]");
    return Array.isArray(kept) ? (kept as PendingCommand[]) : [];
  } catch {
    return [];
  }
}

function saveOutbox(commands: PendingCommand[]): void {
  try {
    if (commands.length === 0) sessionStorage.removeItem(OUTBOX);
    else sessionStorage.setItem(OUTBOX, JSON.stringify(commands));
  } catch {
    // Without storage a reload forgets unanswered commands; their drafts are still there.
  }
}

const DeskContext = createContext<Desk | null>(null);
export const DeskProvider = DeskContext.Provider;

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error("no desk");
  return desk;
}

/** A part of the console's state; `select` must return the same object for the same state. */
export function useConsole<T>(select: (state: ConsoleState) => T): T | null {
  const { store } = useDesk();
  return useSyncExternalStore(store.subscribe, () => {
    const state = store.get();
    return state === null ? null : select(state);
  });
}

export function useLink(): LinkState {
  const desk = useDesk();
  return useSyncExternalStore(desk.onLink, desk.getLink);
}

export interface RunOptions {
  /** May wait for the link to come back (texts and notes); default: fails at once when offline. */
  queue?: boolean;
  /** Errors of these fields are shown by the caller. */
  quietFields?: string[];
}

export type Run = (command: string, data: object, options?: RunOptions) => Promise<{ ok: boolean; error?: CommandError; data?: unknown }>;

/** Give commands from a screen: `busy` names what is under way, errors are shown once. */
export function useRun(): { run: Run; busy: ReadonlySet<string> } {
  const { socket } = useDesk();
  const { message } = AntApp.useApp();
  const words = useWords();
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  const run = useCallback<Run>(
    async (command, data, options = {}) => {
      setBusy((now) => new Set(now).add(command));
      try {
        return { ok: true, data: await socket.command(command, data, options.queue ?? false) };
      } catch (caught) {
        const error = caught as CommandError;
        if (!error.field || !options.quietFields?.includes(error.field)) message.error(errorText(words, error));
        return { ok: false, error };
      } finally {
        setBusy((now) => {
          const next = new Set(now);
          next.delete(command);
          return next;
        });
      }
    },
    [socket, message, words],
  );
  return { run, busy };
}

/** The catalogue's sentence for an error code, else what the server said. */
export function errorText({ t, word }: Words, error: CommandError): string {
  return word("error", error.code, error.message) || t("error.unknown", { code: error.code });
}

export function usePolicy(): PolicyWords {
  const { language } = useSettings();
  const { data } = useQuery({ queryKey: keys.policy, queryFn: ({ signal }) => api.policy(signal), staleTime: 300_000 });
  return useMemo(() => readPolicy(data, language), [data, language]);
}

/** Seconds after which what waits is late: the channel's own target; of several channels the longest, so nothing cries too soon. */
export function useTarget(): (line: LineView | undefined, channels: string[]) => number | null {
  const policy = usePolicy();
  return useCallback(
    (line, channels) => {
      const targets = channels.map((channel) => policy.rule(line?.line ?? null, channel).target ?? line?.sla_s ?? 0);
      return targets.length === 0 ? (line?.sla_s ?? null) : Math.max(...targets) || null;
    },
    [policy],
  );
}

/** The name of a colleague by id. */
export function useAgentName(): (agent: string | null) => string {
  const floor = useConsole((state) => state.floor.agents);
  const { data } = useQuery({ queryKey: keys.agents, queryFn: ({ signal }) => api.agents(signal), staleTime: 60_000 });
  return useCallback(
    (agent) => [floor ?? [], data?.items ?? []].flat().find((item) => item.agent === agent)?.name ?? agent ?? "",
    [floor, data],
  );
}

/** The name of a line: from the policy, else from the live floor, else its id. */
export function useLineLabel(): (line: string | null) => string {
  const policy = usePolicy();
  return useCallback(
    (line) => (line === null ? "" : (policy.lines.find((item) => item.code === line)?.label ?? line)),
    [policy],
  );
}

/** Whether who is logged in may do something, be it only with what is theirs; false until it is known. */
export function useMay(action: string): boolean {
  return useConsole((state) => state.me.rights?.includes(action) ?? false) ?? false;
}
