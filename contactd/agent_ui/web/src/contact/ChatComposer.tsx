/** A line of chat: Enter sends; the field is free for the next line at once. */
import { SendOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useEffect, useRef } from "react";
import { newId, useRun } from "../desk";
import { useDraft } from "../drafts";
import { useWords } from "../i18n";
import { serverNow } from "../ticker";
import type { InteractionView } from "../wire";
import { useInserting } from "./inserting";
import { addPending, dropPending } from "./pending";
import { TemplateMenu } from "./TemplateMenu";

export function ChatComposer({ interaction, focus }: { interaction: InteractionView; focus: number }) {
  const { t } = useWords();
  const { run } = useRun();
  const [text, setText, clear] = useDraft(`reply.${interaction.id}`, "");
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), [focus, interaction.id]);

  const insert = (words: string): void => {
    setText([text, words].filter(Boolean).join("\n"));
    field.current?.focus();
  };
  useInserting(interaction.id, insert);
  const send = async (): Promise<void> => {
    const line = text.trim();
    if (line === "") return;
    const key = newId();
    addPending({ key, interaction: interaction.id, text: line, at: new Date(serverNow()).toISOString(), failed: false });
    clear();
    field.current?.focus();
    const { ok } = await run("interaction.send", { interaction: interaction.id, text: line }, { queue: true });
    // What the server refused is given back, in front of what was typed meanwhile.
    if (!ok) setText([line, field.current?.value ?? ""].filter(Boolean).join("\n"));
    setTimeout(() => dropPending(key), ok ? 400 : 0);
  };
  return (
    <div className="composer">
      <textarea
        ref={field}
        value={text}
        placeholder={t("chat.placeholder")}
        aria-label={t("chat.send")}
        data-testid="chat-text"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            void send();
          }
        }}
      />
      <div className="dock-foot">
        <Button type="primary" icon={<SendOutlined />} disabled={text.trim() === ""} data-testid="chat-send" onClick={() => void send()}>
          {t("chat.send")}
        </Button>
        <TemplateMenu
          interaction={interaction.id}
          language={/[\u3400-\u9fff]/.test(interaction.last_message ?? "") ? "zh" : "en"}
          disabled={false}
          words={text}
          onPick={insert}
        />
        {!interaction.live && <span className="dim cut">{t("chat.left")}</span>}
      </div>
    </div>
  );
}
