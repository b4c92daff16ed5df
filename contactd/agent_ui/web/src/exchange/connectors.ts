/** Connectors over REST: other systems whose tables are brought in. */
import { get, send } from "../api";
import type { Page } from "../wire";

export interface ConnectorRun {
  id: string;
  state: "running" | "done" | "failed";
  source: string;
  counts: Record<string, number>;
  error: string;
  at: string;
  ended_at: string | null;
  by: string;
}

/** What a system has otherwise than we; `error` when it could not be asked. */
export interface Drift {
  error?: string;
  rows?: number;
  only_theirs?: number;
  only_ours?: number;
  differing?: number;
  left_out?: number;
  named?: { only_theirs: string[]; only_ours: string[]; differing: { id: string; fields: string[] }[]; left_out: { row: string; reasons: string[] }[] };
}

export interface Connector {
  name: string;
  kind: "folder" | "rest" | "sql" | "push";
  object: string;
  system: string;
  every_minutes: number;
  ok_at: string | null;
  next_at: string | null;
  asked: boolean;
  failures: number;
  error: string;
  left_out: number;
  drift: Drift;
  drift_at: string | null;
  runs: ConnectorRun[];
}

export interface LeftOutRow {
  id: string;
  run: string;
  number: number;
  row: Record<string, string | [string, string]>;
  reasons: string[];
  tries: number;
  at: string;
}

const key = encodeURIComponent;
const path = (name: string): string => `/connectors/${key(name)}`;

export const connectors = {
  list: (signal?: AbortSignal) => get<Page<Connector>>("/connectors", signal),
  run: (name: string) => send("POST", `${path(name)}/run`, {}),
  drift: (name: string) => send("POST", `${path(name)}/drift`, {}),
  leftOut: (name: string, cursor: string | null, signal?: AbortSignal) =>
    get<Page<LeftOutRow>>(`${path(name)}/left-out?limit=50${cursor === null ? "" : `&cursor=${key(cursor)}`}`, signal),
  retry: (name: string, ids: string[]) => send<ConnectorRun>("POST", `${path(name)}/left-out/retry`, { ids }),
  leave: (name: string, row: string) => send("DELETE", `${path(name)}/left-out/${key(row)}`),
};

/** Whether it is at work now: somebody asked for it, or a table is being taken over. */
export const atWork = (one: Connector): boolean => one.asked || one.runs.some((run) => run.state === "running");

/** An error as the server says it: `code: text`. */
export function fault(text: string): { code: string; text: string } {
  const found = /^([a-z_]+): ([\s\S]*)$/.exec(text);
  return { code: found?.[1] ?? "", text: found?.[2] ?? text };
}
