/** Drafts of what is to change in another system, over REST. */
import { useQuery } from "@tanstack/react-query";
import { get, query, send } from "../api";
import type { Page } from "../wire";

export const KINDS = ["order", "return", "address"] as const;
export type Kind = (typeof KINDS)[number];
export type DraftState = "draft" | "review" | "queued" | "sending" | "done" | "refused" | "failed" | "dropped";

export interface Line {
  item: string;
  quantity: number;
  note?: string;
}

export interface Payload {
  reference?: string;
  reason?: string;
  note?: string;
  lines?: Line[];
  address?: Record<string, string>;
}

export interface Draft {
  id: string;
  connector: string;
  kind: Kind;
  state: DraftState;
  maybe: boolean;
  party_id: string;
  party_name: string;
  case_id: string | null;
  case_no: string;
  payload: Payload;
  author: string;
  author_name: string;
  reviewer_name: string;
  note: string;
  last_error: string;
  number: string;
  url: string;
  created_at: string;
  updated_at: string;
}

export interface Target {
  name: string;
  four_eyes: Kind[];
}

export const GOING: readonly DraftState[] = ["queued", "sending"];
const key = encodeURIComponent;

export const drafts = {
  page: (how: Record<string, string | number | null>, signal?: AbortSignal) => get<Page<Draft>>(`/writebacks${query(how)}`, signal),
  create: (body: object) => send<Draft>("POST", "/writebacks", body) as Promise<Draft>,
  act: (id: string, act: string, note = "") => send<Draft>("POST", `/writebacks/${key(id)}/act`, { act, note }),
};

/** Where drafts may go; nowhere, and nothing of all this is shown. */
export function useTargets(): Target[] {
  const found = useQuery({ queryKey: ["writeback-targets"], queryFn: ({ signal }) => get<{ items: Target[] }>("/writeback-targets", signal), staleTime: 300_000 });
  return found.data?.items ?? [];
}
