/** My phone in the browser, as far as the house has one for me: its account, and a new one before a short-lived one ends. */
import { useEffect, useState } from "react";
import { useDesk, useLink, useMay } from "../desk";

export interface PhoneAccount {
  url: string;
  uri: string;
  user: string;
  password: string;
  ice: string[];
  expires_at: string | null;
}

/** An account is renewed when a fifth of its time is left, but never more often than this. */
const AT_LEAST_MS = 30_000;

export function useAccount(): PhoneAccount | null {
  const { socket } = useDesk();
  const may = useMay("phone.account");
  const online = useLink().link === "online";
  const [account, setAccount] = useState<PhoneAccount | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    if (!may || !online) return;
    let gone = false;
    socket
      .command("phone.account", {}, false)
      .then((answer) => {
        const found = (answer as { account: PhoneAccount | null }).account;
        // The same account again must not register anew, nor end a call.
        if (!gone) setAccount((before) => (JSON.stringify(before) === JSON.stringify(found) ? before : found));
      })
      .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [socket, may, online, asked]);
  const until = account?.expires_at ?? null;
  useEffect(() => {
    if (until === null) return;
    const left = Date.parse(until) - Date.now();
    const timer = setTimeout(() => setAsked((n) => n + 1), Math.max(AT_LEAST_MS, left * 0.8));
    return () => clearTimeout(timer);
  }, [until, asked]);
  return may ? account : null;
}
