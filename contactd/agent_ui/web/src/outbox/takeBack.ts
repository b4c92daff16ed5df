/** Take back what has not left: its words are put where they were written. */
import { App as AntApp } from "antd";
import { useCallback } from "react";
import { useConsole, useRun } from "../desk";
import { htmlOf } from "../contact/richText";
import { editDraft, peekDraft } from "../drafts";
import { useWords } from "../i18n";
import { go } from "../route";

interface Content {
  subject: string;
  text: string;
  html: string | null;
  sender: string | null;
  to: string[];
  cc: string[];
  bcc: string[];
  files: { id: string; name: string; size: number }[];
}

export function useTakeBack(): (message: string, interaction: string) => Promise<boolean> {
  const { run } = useRun();
  const { message: toast } = AntApp.useApp();
  const { t } = useWords();
  const mine = useConsole((state) => state.work);
  return useCallback(
    async (message, interaction) => {
      const { ok, data } = await run("outbox.cancel", { message });
      if (!ok) return false;
      const { content } = data as { content: Content };
      const here = mine?.some((item) => item.id === interaction) ?? false;
      if (here) {
        const { subject: _subject, html, ...rest } = content;
        // What was begun meanwhile stands behind what came back.
        const begun = peekDraft<{ text?: string; html?: string | null }>(`reply.${interaction}`);
        const text = [rest.text, begun?.text ?? ""].filter(Boolean).join("\n\n");
        const markup = html === null ? null : html + htmlOf(begun?.text ?? "");
        editDraft(`reply.${interaction}`, { ...rest, text, html: begun?.text ? markup : html, dirty: true });
        go("work", interaction);
      }
      toast.success(t(here ? "outbox.takenBack" : "outbox.cancelled"));
      return true;
    },
    [run, toast, t, mine],
  );
}
