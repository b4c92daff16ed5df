/** A mail conversation, oldest first, the newest open; also notes and any channel that is mostly text. */
import { CheckCircleOutlined, ClockCircleOutlined, EditOutlined, ExclamationCircleOutlined, MailOutlined, RobotOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Segmented, Tooltip } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { api, keys } from "../api";
import { moment } from "../format";
import { useWords } from "../i18n";
import { unquote } from "../quoting";
import { At, Face, Hollow, Lines, LoadFailed } from "../shell/bits";
import { useTakeBack } from "../outbox/takeBack";
import { useNow } from "../ticker";
import type { InteractionView, MessageView } from "../wire";
import { Attachments } from "./Attachments";
import { EventCard } from "./EventCard";
import { FoldButton } from "./FoldButton";
import { HtmlFrame } from "./HtmlFrame";
import { MailMenu } from "./MailMenu";
import { Flags, SealMark, TrustMark } from "./Trust";
import { UnverifiedTag } from "./Unverified";

export function useMessages(id: string) {
  return useQuery({ queryKey: keys.messages(id), queryFn: ({ signal }) => api.messages(id, signal) });
}

export function MailThread({ interaction, mine = false }: { interaction: InteractionView; mine?: boolean }) {
  const { t } = useWords();
  const messages = useMessages(interaction.id);
  const end = useRef<HTMLDivElement>(null);
  const count = messages.data?.length ?? 0;
  useEffect(() => {
    if (count > 1) end.current?.scrollIntoView({ block: "start" });
  }, [count]);
  if (messages.isPending) return <Lines n={8} />;
  if (messages.isError) return <LoadFailed again={() => void messages.refetch()} />;
  if (messages.data.length === 0) return <Hollow glyph={<MailOutlined />} title={t("mail.empty")} />;
  const last = messages.data.length - 1;
  const theirs = messages.data.filter((message) => message.direction === "inbound").length;
  return (
    <div className="mails" data-testid="mail-thread">
      {messages.data.map((message, at) => (
        <div key={message.id} ref={at === last ? end : undefined}>
          {message.direction === "internal" ? (
            <NoteLine message={message} />
          ) : (
            <Mail
              message={message}
              open={at >= last || message.interaction === interaction.id}
              menu={<MailMenu message={message.id} interaction={interaction} mine={mine} apart={theirs > 1 && message.direction === "inbound"} />}
            />
          )}
        </div>
      ))}
    </div>
  );
}

function Mail({ message, open: openAtFirst, menu }: { message: MessageView; open: boolean; menu: ReactNode }) {
  const { t } = useWords();
  const [open, setOpen] = useState(openAtFirst);
  const [plain, setPlain] = useState(!message.has_html);
  const mine = message.direction === "outbound";
  const sender = message.sender_name || message.sender;
  const people = (role: string): string =>
    message.recipients
      .filter((recipient) => recipient.role === role)
      .map((recipient) => recipient.name || recipient.address)
      .join("、");
  const files = message.attachments.filter((file) => !file.inline);
  return (
    <article className={`mail${mine ? " mine" : ""}${message.delivery_state === "cancelled" ? " cancelled" : ""}`} data-testid="message" data-direction={message.direction}>
      <header className="mail-head">
        <button type="button" className="clear row grow" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Face name={sender} mine={mine} />
          <span className="grow">
            <span className="row">
              <strong className="cut">{sender}</strong>
              {!mine && message.sender_name && message.sender_name !== message.sender && (
                <span className="dim cut">{message.sender}</span>
              )}
              {message.unverified && <UnverifiedTag />}
              <TrustMark message={message} />
              <SealMark message={message} />
              {message.auto && <AutomaticTag why={message.auto} />}
            </span>
            <span className="mail-sub cut">
              {open
                ? [people("to") && `${t("contact.to")} ${people("to")}`, people("cc") && `${t("contact.cc")} ${people("cc")}`]
                    .filter(Boolean)
                    .join(" · ")
                : unquote(message.text).fresh.replace(/\s+/g, " ")}
            </span>
          </span>
        </button>
        {open && message.has_html && (
          <Segmented
            size="small"
            value={plain ? "plain" : "html"}
            options={[
              { value: "html", label: t("mail.html") },
              { value: "plain", label: <span data-testid="mail-plain">{t("mail.plain")}</span> },
            ]}
            onChange={(value) => setPlain(value === "plain")}
          />
        )}
        {mine && (message.send_at ? <TakeBack message={message} /> : <Delivery state={message.delivery_state} />)}
        <span className="dim mail-at">
          <At at={message.at} />
        </span>
        {open && menu}
      </header>
      {open && (
        <div className="mail-body">
          <Fates message={message} />
          <Flags message={message} />
          {message.event && <EventCard event={message.event} />}
          {mine && message.delivery_detail && message.delivery_state !== "sent" && (
            <p className="dim mail-detail" data-testid="delivery-detail">
              {message.delivery_detail}
            </p>
          )}
          {plain ? <PlainText text={message.text} /> : <HtmlFrame message={message.id} />}
          {files.length > 0 && <Attachments files={files} />}
        </div>
      )}
    </article>
  );
}

/** A message that has not left: when it does, and the way to stop it. */
function TakeBack({ message }: { message: MessageView }) {
  const { t } = useWords();
  const now = useNow();
  const takeBack = useTakeBack();
  return (
    <span className="row mail-back">
      <span className="dim num">{t("outbox.willLeave", { at: moment(message.send_at ?? null, now) })}</span>
      <Button size="small" data-testid="take-back" onClick={() => void takeBack(message.id, message.interaction)}>
        {t("outbox.cancel")}
      </Button>
    </span>
  );
}

function AutomaticTag({ why }: { why: string }) {
  const { t } = useWords();
  return (
    <Tooltip title={why}>
      <span className="tag" data-testid="automatic">
        <RobotOutlined /> {t("mail.automatic")}
      </span>
    </Tooltip>
  );
}

/** To whom an outgoing mail did not get through, and what was said about it. */
function Fates({ message }: { message: MessageView }) {
  const { word } = useWords();
  const told = (message.fates ?? []).filter((fate) => fate.action !== "delivered");
  if (told.length === 0) return null;
  return (
    <ul className="fates" data-testid="fates">
      {told.map((fate) => (
        <li key={fate.address} className={fate.action === "delayed" ? "dim" : "late"}>
          {fate.address}: {word("fate", fate.action)} {fate.status}
          {fate.detail && <span className="dim"> {fate.detail}</span>}
        </li>
      ))}
    </ul>
  );
}

function PlainText({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  const { fresh, quoted } = unquote(text);
  return (
    <>
      <div className="mail-text">{fresh}</div>
      {quoted !== "" && (
        <>
          <FoldButton open={all} onClick={() => setAll(!all)} />
          {all && <div className="mail-text mail-quoted">{quoted}</div>}
        </>
      )}
    </>
  );
}

export function NoteLine({ message }: { message: MessageView }) {
  const { t } = useWords();
  return (
    <div className="note-line" data-testid="note">
      <EditOutlined />
      <span className="grow">
        <b>{message.sender_name || message.sender || t("note.title")}</b> <span className="note-text">{message.text}</span>
      </span>
      <span className="dim">
        <At at={message.at} />
      </span>
    </div>
  );
}

/** Where an outgoing message is, by shape as well as by word. */
export function Delivery({ state }: { state: string | null }) {
  const { word } = useWords();
  if (state === null) return null;
  const bad = ["failed", "held", "bounced", "complained"].includes(state);
  const done = ["sent", "delivered", "read"].includes(state);
  return (
    <Tooltip title={word("delivery", state)}>
      <span className={`delivery${bad ? " late" : ""}`} data-testid="delivery" data-state={state}>
        {bad ? <ExclamationCircleOutlined /> : done ? <CheckCircleOutlined /> : <ClockCircleOutlined />} {word("delivery", state)}
      </span>
    </Tooltip>
  );
}
