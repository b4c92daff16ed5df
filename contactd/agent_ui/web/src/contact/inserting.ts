/** Words from elsewhere on the screen, put where the reply is being written; nothing is lost where none is. */
import { useEffect, useRef } from "react";

type Insert = (text: string) => void;

const open = new Map<string, Insert>();

/** The reply of a contact takes words while it is shown. */
export function useInserting(interaction: string, insert: Insert): void {
  const latest = useRef(insert);
  latest.current = insert;
  useEffect(() => {
    const take: Insert = (text) => latest.current(text);
    open.set(interaction, take);
    return () => {
      if (open.get(interaction) === take) open.delete(interaction);
    };
  }, [interaction]);
}

/** Put words into the reply of a contact; false where no reply is open. */
export function insertInto(interaction: string, text: string): boolean {
  const insert = open.get(interaction);
  insert?.(text);
  return insert !== undefined;
}
