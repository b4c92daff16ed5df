/** The reply to a mail or fax: text and files, kept as a draft until the server has it. */
import { CheckOutlined, PaperClipOutlined, SendOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Segmented, Tooltip } from "antd";
import { useEffect, useRef, useState } from "react";
import { api } from "../api";
import { useDesk, useLink, usePolicy, useRun } from "../desk";
import { useDraft } from "../drafts";
import { bytes } from "../format";
import { useWords } from "../i18n";
import { isSend } from "../keyboard";
import { useUndoBar } from "../outbox/UndoBar";
import { Kbd } from "../shell/bits";
import type { InteractionDetail, InteractionView, MessageView } from "../wire";

interface Uploaded {
  id: string;
  name: string;
  size: number;
}

interface Draft {
  text: string;
  files: Uploaded[];
  /** Of an unverified sender: the answer goes to that sender, not to the customer referred to. */
  stranger?: boolean;
}

interface Props {
  interaction: InteractionView;
  detail: InteractionDetail | null;
  focus: number;
  pages: boolean;
}

const EMPTY: Draft = { text: "", files: [] };
const MENTIONS = /附件|见附|attach(ed|ment)|enclosed/i;

export function Composer({ interaction, detail, focus, pages }: Props) {
  const { t } = useWords();
  const desk = useDesk();
  const { run, busy } = useRun();
  const { modal, message } = AntApp.useApp();
  const { link } = useLink();
  const undoBar = useUndoBar();
  const { undoS } = usePolicy().rule(interaction.line, interaction.channel);
  const [draft, setDraft, clear] = useDraft<Draft>(`reply.${interaction.id}`, EMPTY);
  const [uploading, setUploading] = useState<string[]>([]);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const latest = useRef(draft);
  latest.current = draft;
  useEffect(() => {
    if (focus > 0) field.current?.focus();
  }, [focus]);

  const [fresh, setFresh] = useState(false);
  useEffect(
    () =>
      desk.onEvent((event) => {
        if (event.event !== "message.added" || event.data.interaction !== interaction.id) return;
        if (event.data.message.direction === "inbound" && latest.current.text !== "") setFresh(true);
      }),
    [desk, interaction.id],
  );

  const change = (next: Draft): void => (next.text === "" && next.files.length === 0 ? clear() : setDraft(next));
  const upload = async (files: FileList | File[]): Promise<void> => {
    for (const file of files) {
      setUploading((now) => [...now, file.name]);
      try {
        const stored = await api.upload(file);
        change({ ...latest.current, files: [...latest.current.files, stored] });
      } catch {
        message.error(t("mail.uploadFailed", { name: file.name }));
      } finally {
        setUploading((now) => now.filter((name) => name !== file.name));
      }
    }
  };
  const sending = busy.has("interaction.send");
  const stranger = interaction.unverified === true && interaction.from ? interaction.from : null;
  const chosen = stranger !== null && draft.stranger === true;
  const send = async (): Promise<void> => {
    const text = draft.text.trim();
    if (sending || uploading.length > 0 || text === "") return;
    if (MENTIONS.test(text) && draft.files.length === 0) {
      const sure = await modal.confirm({ title: t("mail.attachmentHint"), okText: t("mail.send"), cancelText: t("common.cancel") });
      if (!sure) return;
    }
    const { ok, data } = await run(
      "interaction.send",
      {
        interaction: interaction.id,
        text,
        attachments: draft.files.map((file) => file.id),
        ...(chosen ? { to: [stranger] } : {}),
        ...(undoS > 0 ? { undo_s: undoS } : {}),
      },
      { queue: true },
    );
    if (!ok) return;
    clear();
    setFresh(false);
    const sent = (data as { message?: MessageView } | undefined)?.message;
    if (sent) undoBar(sent);
  };
  const customer = detail?.answers_to?.join("、") || t("work.noName");
  const to = stranger === null ? interaction.customer_name || interaction.from || "" : chosen ? stranger : customer;
  return (
    <div
      className="composer"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void upload(event.dataTransfer.files);
      }}
    >
      {stranger !== null && (
        <div className="composer-whom" data-testid="composer-whom">
          <Segmented
            size="small"
            disabled={sending}
            value={chosen ? "stranger" : "customer"}
            options={[
              { value: "customer", label: t("mail.toCustomer", { to: customer }) },
              { value: "stranger", label: <span data-testid="to-stranger">{t("mail.toStranger", { to: stranger })}</span> },
            ]}
            onChange={(value) => setDraft({ ...draft, stranger: value === "stranger" })}
          />
        </div>
      )}
      <textarea
        ref={field}
        value={draft.text}
        readOnly={sending}
        placeholder={t(pages ? "fax.placeholder" : "mail.placeholder")}
        aria-label={t("mail.replyTo", { to })}
        data-testid="composer-text"
        onChange={(event) => change({ ...draft, text: event.target.value })}
        onPaste={(event) => {
          if (event.clipboardData.files.length > 0) void upload(event.clipboardData.files);
        }}
        onKeyDown={(event) => {
          if (isSend(event)) {
            event.preventDefault();
            void send();
          }
        }}
      />
      {(draft.files.length > 0 || uploading.length > 0) && (
        <div className="files">
          {draft.files.map((file) => (
            <span key={file.id} className="file">
              <PaperClipOutlined /> <span className="cut">{file.name}</span>
              <span className="dim num">{bytes(file.size)}</span>
              <button
                type="button"
                className="clear"
                aria-label={`${t("mail.remove")} ${file.name}`}
                onClick={() => change({ ...draft, files: draft.files.filter((other) => other.id !== file.id) })}
              >
                ×
              </button>
            </span>
          ))}
          {uploading.map((name) => (
            <span key={name} className="file pulse">
              {t("mail.uploading", { name })}
            </span>
          ))}
        </div>
      )}
      <div className="dock-foot">
        <Button
          type="primary"
          icon={<SendOutlined />}
          loading={sending}
          disabled={draft.text.trim() === ""}
          data-testid="composer-send"
          onClick={() => void send()}
        >
          {t("mail.send")}
        </Button>
        <Tooltip title={t("mail.attach")}>
          <Button type="text" icon={<PaperClipOutlined />} aria-label={t("mail.attach")} onClick={() => picker.current?.click()} />
        </Tooltip>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          data-testid="composer-file"
          onChange={(event) => {
            void upload([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
        {fresh ? (
          <span className="tag vip" role="status" data-testid="new-while-writing">
            {t("mail.newWhileWriting")}
          </span>
        ) : (
          <span className="cut dim">{t("mail.replyTo", { to })}</span>
        )}
        <span className="grow" />
        <span className="dim cut dock-hint">
          {sending && link !== "online" ? (
            t("mail.willSend")
          ) : draft.text !== "" ? (
            <>
              <CheckOutlined /> {t("mail.draftKept")}
            </>
          ) : (
            <>
              <Kbd>Ctrl</Kbd> <Kbd>Enter</Kbd>
            </>
          )}
        </span>
      </div>
    </div>
  );
}
