/** An internal note: for colleagues and the timeline, never for the customer. */
import { Button } from "antd";
import { useEffect, useRef } from "react";
import { useRun } from "../desk";
import { useDraft } from "../drafts";
import { useWords } from "../i18n";
import { isSend } from "../keyboard";
import { Kbd } from "../shell/bits";
import type { InteractionView } from "../wire";

export function NoteForm({ interaction, focus }: { interaction: InteractionView; focus: number }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const [text, setText, clear] = useDraft(`note.${interaction.id}`, "");
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (focus > 0) field.current?.focus();
  }, [focus]);
  const saving = busy.has("interaction.note");
  const save = async (): Promise<void> => {
    if (text.trim() === "" || saving) return;
    const { ok } = await run("interaction.note", { interaction: interaction.id, text: text.trim() }, { queue: true });
    if (ok) clear();
  };
  return (
    <div className="composer note">
      <textarea
        ref={field}
        value={text}
        readOnly={saving}
        placeholder={t("note.placeholder")}
        aria-label={t("note.title")}
        data-testid="note-text"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (isSend(event)) {
            event.preventDefault();
            void save();
          }
        }}
      />
      <div className="dock-foot">
        <Button loading={saving} disabled={text.trim() === ""} data-testid="note-save" onClick={() => void save()}>
          {t("note.save")}
        </Button>
        <span className="grow" />
        <Kbd>Ctrl</Kbd> <Kbd>Enter</Kbd>
      </div>
    </div>
  );
}
