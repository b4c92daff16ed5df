/** What I write: reply, internal note, disposition.  Height is the agent's choice and stays. */
import { Tabs } from "antd";
import { useRef, useState } from "react";
import { lookOf } from "../channels";
import { useWords } from "../i18n";
import { Kbd } from "../shell/bits";
import type { InteractionDetail, InteractionView } from "../wire";
import { ChatComposer } from "./ChatComposer";
import { Composer } from "./Composer";
import { NoteForm } from "./NoteForm";
import { WrapupForm } from "./WrapupForm";

export type DockTab = "reply" | "note" | "wrapup";

interface Props {
  interaction: InteractionView;
  detail: InteractionDetail | null;
  tab: DockTab;
  /** Grows when the keyboard asks for the field to be focused. */
  focus: number;
  onTab(tab: DockTab): void;
}

const HEIGHT_KEY = "contactd.dock.";
const LOWEST = 150;
const FIRST = { low: 172, high: 236 };

export function Dock({ interaction, detail, tab, focus, onTab }: Props) {
  const { t } = useWords();
  const { reply } = lookOf(interaction.channel);
  const writable = reply !== null && interaction.state !== "wrapup";
  const [height, grip] = useHeight(reply === "chat" ? "low" : "high", t("contact.resize"));
  const shown = tab === "reply" && !writable ? "note" : tab;
  const items = [
    ...(writable ? [{ key: "reply", label: <DockLabel id="reply" text={t(reply === "chat" ? "channel.message" : "mail.reply")} k="R" /> }] : []),
    { key: "note", label: <DockLabel id="note" text={t("note.title")} k="N" /> },
    { key: "wrapup", label: <DockLabel id="wrapup" text={t("wrapup.title")} k="W" /> },
  ];
  return (
    <div className="dock" style={{ height: shown === "wrapup" ? Math.max(height, FIRST.high) : height }}>
      <div className="dock-grip" {...grip} />
      <Tabs size="small" activeKey={shown} onChange={(key) => onTab(key as DockTab)} items={items} className="dock-tabs" />
      <div className="dock-body">
        {shown === "reply" && reply === "chat" && <ChatComposer interaction={interaction} focus={focus} />}
        {shown === "reply" && reply !== "chat" && <Composer interaction={interaction} detail={detail} focus={focus} pages={reply === "pages"} />}
        {shown === "note" && <NoteForm interaction={interaction} focus={focus} />}
        {shown === "wrapup" && <WrapupForm interaction={interaction} detail={detail} focus={focus} />}
      </div>
    </div>
  );
}

function DockLabel({ id, text, k }: { id: string; text: string; k: string }) {
  return (
    <span className="row" data-testid={`dock-${id}`}>
      {text} <Kbd>{k}</Kbd>
    </span>
  );
}

/** A height drawn with the mouse or arrow keys on the upper edge. */
function useHeight(kind: keyof typeof FIRST, label: string): [number, React.HTMLAttributes<HTMLDivElement>] {
  const [height, setHeight] = useState(() => Number(localStorage.getItem(HEIGHT_KEY + kind)) || FIRST[kind]);
  const from = useRef<{ y: number; height: number } | null>(null);
  const set = (next: number): void => {
    const bounded = Math.round(Math.min(window.innerHeight * 0.7, Math.max(LOWEST, next)));
    setHeight(bounded);
    localStorage.setItem(HEIGHT_KEY + kind, String(bounded));
  };
  return [
    height,
    {
      role: "separator",
      tabIndex: 0,
      "aria-orientation": "horizontal",
      "aria-label": label,
      "aria-valuenow": height,
      "aria-valuemin": LOWEST,
      onPointerDown(event) {
        from.current = { y: event.clientY, height };
        event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerMove(event) {
        if (from.current) set(from.current.height + from.current.y - event.clientY);
      },
      onPointerUp() {
        from.current = null;
      },
      onKeyDown(event) {
        if (event.key === "ArrowUp") set(height + 24);
        if (event.key === "ArrowDown") set(height - 24);
      },
    },
  ];
}
