/** The disposition form's content: kept as a draft, shared by the form and the button that ends the contact. */
import { useCallback, useEffect, useState } from "react";
import { useDraft } from "../drafts";
import type { InteractionDetail, InteractionView, Topic } from "../wire";

export interface WrapupContent {
  topics: { disposition: string | null; note: string }[];
  note: string;
}

const EMPTY: WrapupContent = { topics: [{ disposition: null, note: "" }], note: "" };

export interface Wrapup {
  content: WrapupContent;
  touched: boolean;
  main: string | null;
  missing: boolean;
  set(content: WrapupContent): void;
  clear(): void;
  complain(): void;
  payload(): { disposition?: string; topics?: Topic[]; note?: string };
}

/** Forms and header of one interaction live in different places and must agree at once, not at the next reload. */
const bus = new EventTarget();

export function useWrapup(interaction: InteractionView, detail: InteractionDetail | null = null): Wrapup {
  const [draft, setDraft, clearDraft] = useDraft<WrapupContent | null>(`wrapup.${interaction.id}`, null);
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    const heard = (event: Event): void => {
      const { detail: said } = event as CustomEvent<{ content?: WrapupContent | null; missing?: boolean }>;
      if (said.missing !== undefined) setMissing(said.missing);
      if (said.content === null) clearDraft();
      else if (said.content) setDraft(said.content);
    };
    bus.addEventListener(interaction.id, heard);
    return () => bus.removeEventListener(interaction.id, heard);
  }, [interaction.id, setDraft, clearDraft]);
  const content = draft ?? stored(interaction, detail);
  const main = content.topics[0]?.disposition ?? null;
  const say = useCallback(
    (said: object) => bus.dispatchEvent(new CustomEvent(interaction.id, { detail: said })),
    [interaction.id],
  );
  return {
    content,
    touched: draft !== null,
    main,
    missing,
    set: (next) => say({ content: next, missing: false }),
    clear: () => say({ content: null, missing: false }),
    complain: () => setTimeout(() => say({ missing: true }), 0),
    payload() {
      const topics = content.topics
        .filter((topic) => topic.disposition !== null)
        .map((topic): Topic => ({ disposition: topic.disposition ?? "", ...(topic.note.trim() ? { note: topic.note.trim() } : {}) }));
      const note = content.note.trim();
      return {
        ...(main !== null ? { disposition: main } : {}),
        ...(topics.length > 1 || topics.some((topic) => topic.note) ? { topics } : {}),
        ...(note !== "" ? { note } : {}),
      };
    },
  };
}

/** What the server already holds, when nothing is being typed. */
function stored(interaction: InteractionView, detail: InteractionDetail | null): WrapupContent {
  const topics = (detail?.topics ?? []).map((topic) => ({ disposition: topic.disposition, note: topic.note ?? "" }));
  const disposition = detail?.disposition ?? interaction.disposition;
  if (topics.length === 0 && disposition) topics.push({ disposition, note: "" });
  if (topics.length === 0) return EMPTY;
  return { topics, note: "" };
}
