/** Rights of customers over REST: consents, requests, holds, revealing a number. */
import { get, ROOT, send } from "../api";
import type { Page } from "../wire";

export interface Consent {
  id: string;
  purpose: string;
  channel: string;
  state: string;
  text_version: string;
  evidence: string;
  by: string;
  at: string;
  expires_at: string | null;
}

export interface Consents {
  items: Consent[];
  standing: { purpose: string; channel: string; state: string }[];
}

export interface PrivacyRequest {
  id: string;
  party_id: string;
  name: string;
  state: "asked" | "refused" | "running" | "done";
  reason: string;
  verified_how: string;
  asked_by: string;
  asked_at: string;
  decided_by: string | null;
  done_at: string | null;
  certificate: { erased: Record<string, number>; sha256: string } | null;
}

export interface LegalHold {
  id: string;
  party_id: string;
  name: string;
  reason: string;
  at: string;
}

export interface KeptClass {
  name: string;
  days: number;
  due: number;
  held: number;
  oldest: string | null;
}

const key = encodeURIComponent;

export const rights = {
  consents: (party: string, signal?: AbortSignal) => get<Consents>(`/parties/${key(party)}/consents`, signal),
  say: (party: string, said: object) => send<Consents>("POST", `/parties/${key(party)}/consents`, said),
  archiveUrl: (party: string) => `${ROOT}/parties/${key(party)}/archive`,
  requests: (signal?: AbortSignal) => get<Page<PrivacyRequest>>("/privacy/requests", signal),
  ask: (party: string, reason: string, verified_how: string) => send("POST", "/privacy/requests", { party, reason, verified_how }),
  decide: (id: string, what: "approve" | "refuse", decision: string) => send("POST", `/privacy/requests/${key(id)}/${what}`, { decision }),
  holds: (signal?: AbortSignal) => get<Page<LegalHold>>("/privacy/holds", signal),
  hold: (party: string, reason: string) => send("POST", "/privacy/holds", { party, reason }),
  retention: (signal?: AbortSignal) => get<{ items: KeptClass[] }>("/privacy/retention", signal),
  letGo: () => send<{ items: KeptClass[] }>("POST", "/privacy/retention", {}),
  lift: (id: string) => send("DELETE", `/privacy/holds/${key(id)}`),
  reveal: (point: string, reason: string) => send<{ display: string }>("POST", `/points/${key(point)}/reveal`, { reason }),
};
