/**
 * What an agent has typed and not yet sent, kept in the browser: survives reload, crash and network loss, is shared by tabs.
 *
 * A draft is forgotten when its command was answered, and after two weeks.
 */
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";

const PREFIX = "contactd.draft.";
const KEPT_MS = 14 * 24 * 3600 * 1000;

export function useDraft<T>(name: string, initial: T): [T, (value: T) => void, () => void] {
  const key = PREFIX + name;
  const [held, setHeld] = useState<{ key: string; value: T }>(() => ({ key, value: read(key) ?? initial }));
  const value = held.key === key ? held.value : (read<T>(key) ?? initial);

  useEffect(() => {
    const heard = (event: StorageEvent): void => {
      if (event.key === key) setHeld({ key, value: read<T>(key) ?? initial });
    };
    window.addEventListener("storage", heard);
    return () => window.removeEventListener("storage", heard);
    // The initial value is a default, not something to follow.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);

  const set = useCallback(
    (next: T) => {
      setHeld({ key, value: next });
      write(key, next);
    },
    [key],
  );
  const clear = useCallback(() => {
    setHeld({ key, value: initial });
    write(key, null);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  return [value, set, clear];
}

/** Put words where they are written from, as if they had been typed there. */
export function keepDraft(name: string, value: unknown): void {
  const key = PREFIX + name;
  write(key, value);
  // A tab does not hear its own storage events.
  window.dispatchEvent(new StorageEvent("storage", { key }));
}

/** What is being written, from outside of where it is. */
export function peekDraft<T>(name: string): T | null {
  return read<T>(PREFIX + name);
}

/** Change a part of what is being written. */
export function editDraft(name: string, change: object): void {
  keepDraft(name, { ...read<object>(PREFIX + name), ...change });
}

const watchers = new Set<() => void>();

/** Whether something unsent lies there; follows what this tab and others write. */
export function useHasDraft(name: string): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      window.addEventListener("storage", watcher);
      return () => {
        watchers.delete(watcher);
        window.removeEventListener("storage", watcher);
      };
    },
    () => localStorage.getItem(PREFIX + name) !== null,
  );
}

/** Forget drafts nobody came back for. */
export function sweepDrafts(now: number): void {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue;
    const at = stamp(localStorage.getItem(key));
    if (at === null || now - at > KEPT_MS) localStorage.removeItem(key);
  }
}

function stamp(raw: string | null): number | null {
  try {
    const kept = JSON.parse(raw ?? "null") as { at?: number } | null;
    return typeof kept?.at === "number" ? kept.at : null;
  } catch {
    return null;
  }
}

function read<T>(key: string): T | null {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "null") as { value?: T } | null;
    return kept?.value ?? null;
  } catch {
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    if (value === null || value === "") localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify({ value, at: Date.now() }));
  } catch {
    // A full or forbidden store loses the copy, not what is on the screen.
  }
  for (const watcher of [...watchers]) watcher();
}
