/** A letter: the reply to a mail or fax, or a mail passed on; kept on the server while it is written. */
import { AlignLeftOutlined, FontSizeOutlined, PaperClipOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Checkbox, Segmented, Tooltip } from "antd";
import { useEffect, useRef, useState } from "react";
import { api } from "../api";
import { useDesk, useLink, usePolicy, useRun } from "../desk";
import { bytes } from "../format";
import { useWords } from "../i18n";
import { isSend } from "../keyboard";
import { useUndoBar } from "../outbox/UndoBar";
import { Kbd } from "../shell/bits";
import type { InteractionDetail, InteractionView, MessageView } from "../wire";
import { ComposerFields } from "./ComposerFields";
import { useCorrespondents } from "./correspondents";
import { DraftHistory } from "./DraftHistory";
import { hints } from "./hints";
import { useInserting } from "./inserting";
import { isBlank, type Letter, useLetter } from "./letter";
import { type EditorHandle, RichEditor } from "./RichEditor";
import { htmlOf, shows } from "./richText";
import { SendButton } from "./SendButton";
import { TemplateMenu } from "./TemplateMenu";
import { HintList, Newer } from "./warnings";

interface Props {
  interaction: InteractionView;
  detail: InteractionDetail | null;
  focus: number;
  pages: boolean;
}

export function Composer({ interaction, detail, focus, pages }: Props) {
  const { t } = useWords();
  const desk = useDesk();
  const { run, busy } = useRun();
  const { modal, message } = AntApp.useApp();
  const { link } = useLink();
  const undoBar = useUndoBar();
  const { undoS, senders } = usePolicy().rule(interaction.line, interaction.channel);
  const { letter, change, clear, saved, locked } = useLetter(interaction.id, busy.has("interaction.send"));
  const people = useCorrespondents(interaction, detail);
  const [uploading, setUploading] = useState<string[]>([]);
  const field = useRef<HTMLTextAreaElement>(null);
  const rich = useRef<EditorHandle>(null);
  const picker = useRef<HTMLInputElement>(null);
  const latest = useRef(letter);
  latest.current = letter;
  const isRich = letter.html !== null && !pages;
  useEffect(() => {
    if (focus > 0) (isRich ? rich.current : field.current)?.focus();
  }, [focus, isRich]);

  // What counts as seen is what stood there when the writing began.
  const [fresh, setFresh] = useState(false);
  const seen = useRef<string | null>(null);
  if (people.newest !== null && (seen.current === null || (isBlank(letter) && !fresh))) seen.current = people.newest;
  useEffect(
    () =>
      desk.onEvent((event) => {
        if (event.event !== "message.added" || event.data.interaction !== interaction.id) return;
        if (event.data.message.direction === "inbound" && latest.current.text !== "") setFresh(true);
      }),
    [desk, interaction.id],
  );

  const upload = async (files: FileList | File[]): Promise<void> => {
    for (const file of files) {
      setUploading((now) => [...now, file.name]);
      try {
        const stored = await api.upload(file);
        const within = isRich && PICTURE.test(file.type) && file.size <= PICTURE_BYTES;
        change({ files: [...latest.current.files, within ? { ...stored, inline: true } : stored] });
        if (within) rich.current?.picture(stored.id);
      } catch {
        message.error(t("mail.uploadFailed", { name: file.name }));
      } finally {
        setUploading((now) => now.filter((name) => name !== file.name));
      }
    }
  };
  const sending = busy.has("interaction.send");
  const readOnly = sending || locked !== null;
  const stranger = interaction.unverified === true && interaction.from ? interaction.from : null;
  const chosen = stranger !== null && letter.stranger;
  const empty = letter.text.trim() === "";

  const deliver = async (body: Letter, at: string | null): Promise<void> => {
    const { ok, data, error } = await run(
      "interaction.send",
      {
        interaction: interaction.id,
        text: body.text.trim(),
        ...(isRich && body.html ? { html: body.html } : {}),
        attachments: body.files.filter((file) => !file.inline || (isRich && shows(body.html, file.id))).map((file) => file.id),
        ...(body.to.length > 0 ? { to: body.to } : chosen ? { to: [stranger] } : {}),
        ...(body.cc.length > 0 ? { cc: body.cc } : {}),
        ...(body.bcc.length > 0 ? { bcc: body.bcc } : {}),
        ...(body.sender !== null && senders.includes(body.sender) ? { sender: body.sender } : {}),
        ...(body.subject !== "" ? { subject: body.subject } : {}),
        ...(body.forward !== null ? { forward: body.forward } : { quote: body.quote && !pages }),
        ...(body.forward === null && seen.current !== null ? { seen: seen.current } : {}),
        ...(at !== null ? { send_at: at } : undoS > 0 ? { undo_s: undoS } : {}),
      },
      { queue: true, quietFields: ["seen"] },
    );
    if (error?.code === "unseen") {
      await askUnseen(body, at);
      return;
    }
    if (!ok) return;
    clear();
    setFresh(false);
    seen.current = null;
    const sent = (data as { message?: MessageView } | undefined)?.message;
    if (sent) undoBar(sent);
  };
  const askUnseen = async (body: Letter, at: string | null): Promise<void> => {
    const newer = await api.newer(interaction.id, seen.current ?? "").catch(() => null);
    const last = newer?.items.at(-1);
    if (!last) return;
    const sure = await modal.confirm({
      title: t("mail.unseenTitle"),
      content: <Newer messages={newer?.items ?? []} />,
      okText: t("mail.sendAnyway"),
      cancelText: t("mail.readFirst"),
      width: 520,
    });
    seen.current = last.at;
    setFresh(false);
    if (sure) await deliver(body, at);
  };
  const send = async (at: string | null): Promise<void> => {
    if (readOnly || uploading.length > 0 || empty) return;
    const found = hints({
      text: letter.text,
      files: letter.files.length + (letter.forward === null ? 0 : 1),
      to: [...letter.to, ...letter.cc, ...letter.bcc],
      known: people.known,
      customer: interaction.customer_name ?? "",
      passedOn: letter.forward !== null,
    });
    if (found.length > 0) {
      const sure = await modal.confirm({
        title: t("hint.title"),
        content: <HintList hints={found} />,
        okText: t("mail.sendAnyway"),
        cancelText: t("hint.back"),
        width: 480,
      });
      if (!sure) return;
    }
    await deliver(letter, at);
  };
  const insert = (text: string): void => {
    if (isRich) {
      rich.current?.insert(text);
      return;
    }
    const at = field.current?.selectionStart ?? letter.text.length;
    const to = field.current?.selectionEnd ?? at;
    change({ text: letter.text.slice(0, at) + text + letter.text.slice(to) });
    field.current?.focus();
  };
  useInserting(interaction.id, (text) => {
    if (!readOnly) insert(text);
  });
  const label = t("mail.replyTo", { to: people.answersTo.join("、") });
  const placeholder = t(pages ? "fax.placeholder" : letter.forward === null ? "mail.placeholder" : "mail.forwardPlaceholder");
  return (
    <div
      className="composer"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void upload(event.dataTransfer.files);
      }}
    >
      {locked !== null && (
        <div className="composer-lock" role="status" data-testid="draft-locked">
          <span className="grow">{t("mail.lockedBy", { name: locked.by })}</span>
          <Button size="small" data-testid="draft-take" onClick={locked.take}>
            {t("mail.takeOver")}
          </Button>
        </div>
      )}
      {stranger !== null && (
        <div className="composer-whom" data-testid="composer-whom">
          <Segmented
            size="small"
            disabled={readOnly}
            value={chosen ? "stranger" : "customer"}
            options={[
              { value: "customer", label: t("mail.toCustomer", { to: people.answersTo.join("、") || t("work.noName") }) },
              { value: "stranger", label: <span data-testid="to-stranger">{t("mail.toStranger", { to: stranger })}</span> },
            ]}
            onChange={(value) => change({ stranger: value === "stranger" })}
          />
        </div>
      )}
      {!pages && (
        <ComposerFields
          letter={letter}
          answersTo={chosen && stranger ? [stranger] : people.answersTo}
          known={people.known}
          others={people.others}
          subject={interaction.subject ?? ""}
          senders={senders}
          writtenTo={interaction.direction === "inbound" ? (interaction.to ?? "") : ""}
          readOnly={readOnly}
          onChange={change}
        />
      )}
      {letter.forward !== null && (
        <div className="composer-forward" data-testid="composer-forward">
          <span className="tag">{t("mail.forwarding")}</span>
          <button type="button" className="clear" aria-label={t("mail.remove")} onClick={() => change({ forward: null })}>
            ×
          </button>
        </div>
      )}
      {isRich ? (
        <RichEditor
          ref={rich}
          html={letter.html ?? ""}
          readOnly={readOnly}
          label={label}
          placeholder={placeholder}
          onChange={(html, text) => change({ html, text })}
          onFiles={(files) => void upload(files)}
          onSend={() => void send(null)}
        />
      ) : (
        <textarea
          ref={field}
          value={letter.text}
          readOnly={readOnly}
          placeholder={placeholder}
          aria-label={label}
          data-testid="composer-text"
          onChange={(event) => change({ text: event.target.value })}
          onPaste={(event) => {
            if (event.clipboardData.files.length > 0) void upload(event.clipboardData.files);
          }}
          onKeyDown={(event) => {
            if (isSend(event)) {
              event.preventDefault();
              void send(null);
            }
          }}
        />
      )}
      <Files letter={letter} uploading={uploading} onChange={change} />
      <div className="dock-foot">
        <SendButton busy={sending} disabled={empty || locked !== null || (letter.forward !== null && letter.to.length === 0)} later={!pages} onSend={(at) => void send(at)} />
        <Tooltip title={t("mail.attach")}>
          <Button type="text" icon={<PaperClipOutlined />} aria-label={t("mail.attach")} disabled={readOnly} onClick={() => picker.current?.click()} />
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
        {!pages && (
          <Tooltip title={t(isRich ? "mail.toPlain" : "mail.toRich")}>
            <Button
              type="text"
              icon={isRich ? <AlignLeftOutlined /> : <FontSizeOutlined />}
              aria-label={t(isRich ? "mail.toPlain" : "mail.toRich")}
              disabled={readOnly}
              data-testid="composer-format"
              onClick={() => change({ html: isRich ? null : htmlOf(letter.text) })}
            />
          </Tooltip>
        )}
        <TemplateMenu interaction={interaction.id} language={people.language} disabled={readOnly} words={letter.text} onPick={insert} />
        {!pages && letter.forward === null && (
          <Checkbox checked={letter.quote} disabled={readOnly} data-testid="composer-quote" onChange={(event) => change({ quote: event.target.checked })}>
            {t("mail.quoteBelow")}
          </Checkbox>
        )}
        {fresh && (
          <span className="tag vip" role="status" data-testid="new-while-writing">
            {t("mail.newWhileWriting")}
          </span>
        )}
        <span className="grow" />
        <span className="dim cut dock-hint" data-testid="draft-state" data-saved={saved}>
          {sending && link !== "online" ? (
            t("mail.willSend")
          ) : !isBlank(letter) ? (
            <DraftHistory interaction={interaction.id} saved={saved} onRestore={change} />
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

/** Pictures that can stand within a letter; larger ones go as files. */
const PICTURE = /^image\/(png|jpeg|gif|webp)$/;
const PICTURE_BYTES = 2 * 1024 * 1024;

function Files({ letter, uploading, onChange }: { letter: Letter; uploading: string[]; onChange(next: Partial<Letter>): void }) {
  const { t } = useWords();
  // A picture is removed where it stands; one whose letter became plain is not sent.
  const files = letter.files.filter((file) => !file.inline);
  if (files.length === 0 && uploading.length === 0) return null;
  return (
    <div className="files">
      {files.map((file) => (
        <span key={file.id} className="file">
          <PaperClipOutlined /> <span className="cut">{file.name}</span>
          <span className="dim num">{bytes(file.size)}</span>
          <button
            type="button"
            className="clear"
            aria-label={`${t("mail.remove")} ${file.name}`}
            onClick={() => onChange({ files: letter.files.filter((other) => other.id !== file.id) })}
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
  );
}
