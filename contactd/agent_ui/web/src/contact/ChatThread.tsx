/** A chat, live: bubbles, days, what is on its way; stays at the end unless the agent reads further up. */
import { CheckOutlined, DownOutlined, MessageOutlined } from "@ant-design/icons";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { dayName, sameDay } from "../format";
import { useWords } from "../i18n";
import { At, Face, Hollow, Lines, LoadFailed } from "../shell/bits";
import { serverNow } from "../ticker";
import type { InteractionView, MessageView } from "../wire";
import { Attachments } from "./Attachments";
import { NoteLine, useMessages } from "./MailThread";
import { usePending } from "./pending";

const NEAR_PX = 60;
const SAME_SENDER_MS = 3 * 60_000;

export function ChatThread({ interaction }: { interaction: InteractionView }) {
  const { t } = useWords();
  const messages = useMessages(interaction.id);
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [unseen, setUnseen] = useState(0);
  const known = messages.data ?? [];
  // A line is on its way until the stored message is there; by its text, because the stored one has another id.
  const own = known.filter((message) => message.direction === "outbound").slice(-20);
  const pending = usePending().filter(
    (line) => line.interaction === interaction.id && !own.some((message) => message.text === line.text && message.at >= line.at),
  );
  const count = known.length + pending.length;
  const before = useRef(0);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    if (atEnd.current || before.current === 0) box.scrollTop = box.scrollHeight;
    else if (count > before.current) setUnseen((n) => n + count - before.current);
    before.current = count;
  }, [count]);
  useEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const watcher = new ResizeObserver(() => {
      if (atEnd.current) box.scrollTop = box.scrollHeight;
    });
    watcher.observe(box);
    return () => watcher.disconnect();
  }, [messages.isPending]);
  if (messages.isPending) return <Lines n={8} />;
  if (messages.isError) return <LoadFailed again={() => void messages.refetch()} />;
  if (count === 0) return <Hollow glyph={<MessageOutlined />} title={t("chat.waiting")} />;
  const toEnd = (): void => {
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: "smooth" });
    setUnseen(0);
  };
  return (
    <div className="chat">
      <div
        className="chat-lines"
        ref={scroller}
        data-testid="chat-thread"
        role="log"
        onScroll={(event) => {
          const box = event.currentTarget;
          atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
          if (atEnd.current) setUnseen(0);
        }}
      >
        {known.map((message, at) => (
          <Line key={message.id} message={message} before={known[at - 1]} />
        ))}
        {pending.map((line) => (
          <div key={line.key} className="bubble-row mine">
            <div className="bubble sending">{line.text}</div>
            <small className="bubble-foot dim">{t("chat.pending")}</small>
          </div>
        ))}
      </div>
      {unseen > 0 && (
        <button type="button" className="chat-below" onClick={toEnd}>
          <DownOutlined /> {t("chat.newBelow", { n: unseen })}
        </button>
      )}
    </div>
  );
}

function Line({ message, before }: { message: MessageView; before: MessageView | undefined }) {
  const { t, language } = useWords();
  if (message.direction === "internal") return <NoteLine message={message} />;
  const mine = message.direction === "outbound";
  const follows =
    before?.sender === message.sender && Date.parse(message.at) - Date.parse(before.at) < SAME_SENDER_MS;
  const newDay = before === undefined || !sameDay(message.at, before.at);
  const name = message.sender_name || message.sender;
  return (
    <>
      {newDay && <div className="chat-day num">{dayName(message.at, serverNow(), language)}</div>}
      <div
        className={`bubble-row${mine ? " mine" : ""}${follows && !newDay ? " follows" : ""}`}
        data-testid="message"
        data-direction={message.direction}
      >
        {!mine && (follows && !newDay ? <span className="face-room" /> : <Face name={name} />)}
        <div className="bubble-block">
          {(!follows || newDay) && (
            <small className="bubble-head dim">
              {mine ? message.sender_name || t("chat.me") : name} <At at={message.at} />
            </small>
          )}
          {message.text !== "" && <div className="bubble">{message.text}</div>}
          {message.attachments.length > 0 && <Attachments files={message.attachments} />}
        </div>
        {mine && message.delivery_state === "read" && <CheckOutlined className="dim" />}
      </div>
    </>
  );
}
