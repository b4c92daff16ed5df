/** Lines on their way: shown at once, gone when the stored message has come. */
import { useSyncExternalStore } from "react";

export interface PendingLine {
  key: string;
  interaction: string;
  text: string;
  at: string;
  failed: boolean;
}

let lines: PendingLine[] = [];
const watchers = new Set<() => void>();

function change(next: PendingLine[]): void {
  lines = next;
  for (const watcher of [...watchers]) watcher();
}

export function addPending(line: PendingLine): void {
  change([...lines, line]);
}

export function dropPending(key: string): void {
  change(lines.filter((line) => line.key !== key));
}

export function usePending(): PendingLine[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => lines,
  );
}
