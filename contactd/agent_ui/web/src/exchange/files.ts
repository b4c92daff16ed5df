/** Files in and out over REST: brought piece by piece, fetched once. */
import { get, request, ROOT, send } from "../api";
import type { Page } from "../wire";

const PIECE = 1024 * 1024;

export interface ImportFile {
  id: string;
  state: "uploading" | "whole" | "trying" | "running" | "done" | "failed";
  name: string;
  size: number;
  progress: number;
  counts: Record<string, number>;
  faults: { row: number; status: string; reasons: string[] }[];
  error: string | null;
  import: string | null;
}

export interface Preview {
  format: string;
  encoding: string;
  headers: string[];
  rows: string[][];
  mapping: Record<string, string>;
  unplaced: string[];
  fields: string[];
  /** Fields the house has added, each with its labels by language. */
  own: Record<string, Record<string, string>>;
  matches: string[];
  policies: string[];
  encodings: string[];
  /** What the rows may be: customers, or what was with them. */
  objects: string[];
  /** Rows name files that lie beside the table. */
  beside: boolean;
  /** The server may read such files from a folder of its own. */
  folder: boolean;
}

export interface ImportJob {
  id: string;
  state: "running" | "done" | "undoing" | "undone";
  file_name: string;
  format: string;
  encoding: string;
  counts: Record<string, number>;
  options: { object?: string };
  at: string;
  by: string | null;
}

export interface ImportRow {
  row: number;
  status: string;
  party_id: string | null;
  object_id: string | null;
  reasons: string[];
  undone: string | null;
  kept: string[];
}

export interface Wish {
  encoding: string;
  mapping: Record<string, string>;
  match: string[];
  policy: string;
  system: string;
  object: string;
  files: string;
  own: string[];
}

const key = encodeURIComponent;

export const files = {
  /** Bring a file; `told` hears how much of it is there, from 0 to 1. */
  async bring(file: File, told: (part: number) => void): Promise<ImportFile> {
    let found = (await send<ImportFile>("POST", "/import-files", { name: file.name, size: file.size })) as ImportFile;
    for (let number = 0; number * PIECE < file.size; number++) {
      const body = file.slice(number * PIECE, (number + 1) * PIECE);
      const answer = await request(`${ROOT}/import-files/${found.id}/pieces/${number}`, { method: "PUT", body });
      found = (await answer.json()) as ImportFile;
      told(Math.min(1, ((number + 1) * PIECE) / file.size));
    }
    return found;
  },
  file: (id: string, signal?: AbortSignal) => get<ImportFile>(`/import-files/${key(id)}`, signal),
  preview: (id: string, encoding: string, object: string, signal?: AbortSignal) =>
    get<Preview>(`/import-files/${key(id)}/preview?object=${key(object)}${encoding === "" ? "" : `&encoding=${key(encoding)}`}`, signal),
  begin: (id: string, what: "trial" | "run", wish: Wish) => send<ImportFile>("POST", `/import-files/${key(id)}/${what}`, wish),
  imports: (signal?: AbortSignal) => get<Page<ImportJob>>("/imports?limit=50", signal),
  rows: (id: string, status: string, signal?: AbortSignal) =>
    get<Page<ImportRow>>(`/imports/${key(id)}/rows?limit=200${status === "" ? "" : `&status=${key(status)}`}`, signal),
  undo: (id: string) => send("POST", `/imports/${key(id)}/undo`),
  resultUrl: (id: string, leftOut: boolean) => `${ROOT}/imports/${key(id)}/result${leftOut ? "?left_out=1" : ""}`,

  /** Take customers out and let the browser save them. */
  async export(how: object): Promise<void> {
    const answer = await request(`${ROOT}/exports`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(how),
    });
    const name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
    const url = URL.createObjectURL(await answer.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = decodeURIComponent(name ?? "customers");
    link.click();
    URL.revokeObjectURL(url);
  },
};

export const AT_WORK = ["trying", "running"];
const ORDER = ["created", "updated", "unchanged", "skipped", "ambiguous", "error", "reversed", "kept", "nothing"];

/** Counts in the order a reader wants them. */
export function ordered(counts: Record<string, number>): [string, number][] {
  return Object.entries(counts).sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
}

/** A reason as the server says it: `column: code: what stood there`. */
export function reason(text: string): { column: string; code: string; shown: string } {
  const found = /^(.*?): ([a-z_]+)(?:: ([\s\S]*))?$/.exec(text);
  return found ? { column: found[1] ?? "", code: found[2] ?? "", shown: found[3] ?? "" } : { column: "", code: "", shown: text };
}
