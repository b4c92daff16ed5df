/** A letter while it is written: in this window, on this machine, and on the server, where one window writes at a time. */
import { useCallback, useEffect, useRef, useState } from "react";
import { useDesk, useLink } from "../desk";
import { useDraft } from "../drafts";
import { CommandError } from "../socket";

export interface Uploaded {
  id: string;
  name: string;
  size: number;
  /** A picture that stands in the HTML. */
  inline?: boolean;
}

export interface Letter {
  text: string;
  /** Formatted words; null: plain ones. */
  html: string | null;
  files: Uploaded[];
  /** Empty: where answers go by themselves. */
  to: string[];
  cc: string[];
  bcc: string[];
  subject: string;
  /** The message that is passed on. */
  forward: string | null;
  quote: boolean;
  /** Of an unverified sender: the answer goes to that sender, not to the customer referred to. */
  stranger: boolean;
  /** The address of ours it comes from, where one was chosen. */
  sender: string | null;
}

interface Kept extends Partial<Letter> {
  /** The server's version it was made from. */
  version?: number;
  /** Not on the server yet. */
  dirty?: boolean;
}

interface ServerDraft {
  body: Partial<Letter>;
  version: number;
  name: string;
  editor: string;
  editor_name: string;
  editor_until: string;
}

export type Saved = "none" | "saving" | "server" | "local";

export interface LetterDesk {
  letter: Letter;
  change(next: Partial<Letter>): void;
  clear(): void;
  saved: Saved;
  /** Who writes it in another window, and the way to take it over. */
  locked: { by: string; take(): void } | null;
}

export const BLANK: Letter = { text: "", html: null, files: [], to: [], cc: [], bcc: [], subject: "", forward: null, quote: true, stranger: false, sender: null };
const SAVE_MS = 1200;
const EDITOR = "contactd.editor";

export function isBlank(letter: Letter): boolean {
  return letter.text === "" && letter.files.length === 0 && letter.forward === null && letter.to.length + letter.cc.length + letter.bcc.length === 0;
}

/** Names this window; a reload keeps it. */
function editorId(): string {
  const known = sessionStorage.getItem(EDITOR);
  if (known !== null) return known;
  const made = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem(EDITOR, made);
  return made;
}

/** `leaving`: it is being sent: nothing more is saved, since sending ends the draft. */
export function useLetter(interaction: string, leaving: boolean): LetterDesk {
  const { socket } = useDesk();
  const { link } = useLink();
  const [kept, setKept, forget] = useDraft<Kept>(`reply.${interaction}`, {});
  const [saved, setSaved] = useState<Saved>("none");
  const [lockedBy, setLockedBy] = useState<string | null>(null);
  const latest = useRef(kept);
  latest.current = kept;
  const busy = useRef(false);

  const put = useCallback(
    (next: Kept) => {
      latest.current = next;
      setKept(next);
    },
    [setKept],
  );
  const load = useCallback(async (): Promise<void> => {
    try {
      const { draft } = (await socket.command("draft.read", { interaction }, false)) as { draft: ServerDraft | null };
      if (draft === null) {
        if (latest.current.version) put({ ...latest.current, version: 0, dirty: !isBlank(letterOf(latest.current)) });
        setLockedBy(null);
        return;
      }
      const elsewhere = draft.editor !== editorId() && Date.parse(draft.editor_until) > Date.now();
      setLockedBy(elsewhere ? draft.editor_name : null);
      const here = latest.current;
      if (here.dirty && !isBlank(letterOf(here)) && here.version === draft.version) return;
      put({ ...draft.body, version: draft.version, dirty: false });
      setSaved("server");
    } catch {
      setSaved("local");
    }
  }, [socket, interaction, put]);
  useEffect(() => {
    if (link === "online") void load();
  }, [link, load]);

  const save = useCallback(
    async (take = false): Promise<void> => {
      if (busy.current) return;
      busy.current = true;
      const { version = 0, dirty: _dirty, ...body } = latest.current;
      setSaved("saving");
      try {
        if (isBlank(letterOf(body))) {
          await socket.command("draft.drop", { interaction }, false);
          put({});
          setSaved("none");
        } else {
          const done = (await socket.command("draft.save", { interaction, body: letterOf(body), version, editor: editorId(), take }, false)) as { version: number };
          const { version: _v, dirty: _d, ...now } = latest.current;
          // What was typed meanwhile is saved with the next turn.
          put({ ...latest.current, version: done.version, dirty: JSON.stringify(now) !== JSON.stringify(body) });
          setSaved("server");
        }
        setLockedBy(null);
      } catch (caught) {
        const error = caught as CommandError;
        setSaved("local");
        if (error.code === "locked") setLockedBy(error.message);
        else if (error.code === "draft_newer") {
          put({ ...latest.current, dirty: false });
          await load();
        }
      } finally {
        busy.current = false;
      }
    },
    [socket, interaction, put, load],
  );
  useEffect(() => {
    if (!kept.dirty || leaving || lockedBy !== null || link !== "online") return;
    const timer = setTimeout(() => void save(), SAVE_MS);
    return () => clearTimeout(timer);
  }, [kept, leaving, lockedBy, link, save]);

  const change = useCallback(
    (next: Partial<Letter>) => {
      if (lockedBy !== null) return;
      put({ ...latest.current, ...next, dirty: true });
    },
    [put, lockedBy],
  );
  const clear = useCallback(() => {
    latest.current = {};
    forget();
    setSaved("none");
  }, [forget]);
  const take = useCallback(() => {
    setLockedBy(null);
    void load().then(() => save(true));
  }, [load, save]);
  return { letter: letterOf(kept), change, clear, saved, locked: lockedBy === null ? null : { by: lockedBy, take } };
}

function letterOf(kept: Kept): Letter {
  const { version: _version, dirty: _dirty, ...body } = kept;
  const known = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined && value !== null));
  return { ...BLANK, ...known };
}
