/** What the server says: the events of the visitor's socket. Anything else is passed over. */

export type ChatState = "new" | "queued" | "active" | "held" | "parked" | "ended";

export interface Standing {
  session: string | null;
  state: ChatState;
  position: number | null;
  wait_p50_s: number | null;
  wait_p90_s: number | null;
  agent: string | null;
  open: boolean;
}

export type ServerEvent =
  | ({ type: "welcome"; visitor: string } & Standing)
  | ({ type: "state" } & Standing)
  | { type: "message"; id: string; seq: number; at: string; from: "visitor" | "agent"; name: string; text: string; client_id: string | null }
  | { type: "said"; client_id: string; id: string; seq: number; at: string }
  | { type: "slow"; client_id: string; retry_s: number }
  | { type: "error"; code: string; client_id: string | null }
  | { type: "typing"; from: string; on: boolean }
  | { type: "read"; id: string }
  | { type: "ended"; by: "agent" | "visitor" }
  | ({ type: "survey" } & Survey)
  | { type: "rated"; text: string };

export interface Survey {
  intro: string;
  questions: readonly { key: string; kind: "score" | "text"; text: string; lowest: number; best: number }[];
}

export interface Reply {
  question: string;
  score?: number;
  text?: string;
}

export interface Profile {
  name?: string;
  email?: string;
  phone?: string;
  lang?: string;
  page?: string;
  identity?: string;
}

export const PROTOCOL = 1;
export const TEXT_CHARS = 4000;
