/** A form that is being saved: busy meanwhile, an error said once, what it changes asked for again, and closed only when it is kept. */
import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { App as AntApp } from "antd";
import { useState } from "react";
import { errorText } from "./desk";
import { useWords } from "./i18n";
import type { CommandError } from "./socket";

export function useSaving(outdates: QueryKey, onKept: () => void): { busy: boolean; save(doing: () => Promise<unknown>): Promise<void> } {
  const words = useWords();
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const save = async (doing: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    try {
      await doing();
      await queries.invalidateQueries({ queryKey: outdates });
      onKept();
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return { busy, save };
}
