/** The contact in the middle: who and what on top, the conversation, and below it reply, note and disposition. */
import { useCallback, useEffect, useState } from "react";
import { lookOf } from "../channels";
import { useWords } from "../i18n";
import { useKeys } from "../keyboard";
import type { InteractionDetail, InteractionView } from "../wire";
import { AssessThis } from "../quality/AssessThis";
import { CallbackBanner } from "./Callback";
import { CallPanel } from "./CallPanel";
import { ChatThread } from "./ChatThread";
import { BringBack, SameAs, useCloseAs } from "./closeAs";
import { ContactHeader } from "./ContactHeader";
import { Dock, type DockTab } from "./Dock";
import { FaxViewer } from "./FaxViewer";
import { MailThread } from "./MailThread";
import { TaskPane } from "./TaskPane";
import { UnverifiedBanner } from "./Unverified";
import "./contact.css";

interface Props {
  interaction: InteractionView;
  detail: InteractionDetail | null;
  mine: boolean;
}

export function ContactPane({ interaction, detail, mine }: Props) {
  const look = lookOf(interaction.channel);
  const wrapping = interaction.state === "wrapup";
  const [tab, setTab] = useState<DockTab>(wrapping ? "wrapup" : look.reply ? "reply" : "note");
  const [focus, setFocus] = useState(0);
  /** Without the keyboard: nothing is focused by it. */
  const show = useCallback((next: DockTab): void => {
    setTab(next);
    setFocus(0);
  }, []);
  useEffect(() => {
    if (wrapping) show("wrapup");
  }, [wrapping, show]);
  const open = (next: DockTab): void => {
    setTab(next);
    setFocus((n) => n + 1);
  };
  // What was written can be waved through; somebody who is there now cannot.
  const written = mine && !interaction.live && !wrapping && interaction.routed_by !== "pbx";
  const [same, setSame] = useState(false);
  const ask = useCallback(() => setSame(true), []);
  const closeAs = useCloseAs(interaction, ask);
  useKeys(
    {
      r: () => open(look.reply && !wrapping ? "reply" : "note"),
      n: () => open("note"),
      w: () => open("wrapup"),
      ...(written
        ? { "!": () => closeAs("junk"), e: () => closeAs("no_reply_needed"), d: () => closeAs("duplicate") }
        : {}),
    },
    mine,
  );
  return (
    <section className="work-middle contact" data-testid="contact" data-id={interaction.id} data-state={interaction.state}>
      <ContactHeader interaction={interaction} mine={mine} onCloseAs={written ? closeAs : null} onNeedsDisposition={() => open("wrapup")} />
      {written && <SameAs interaction={interaction} open={same} onClose={() => setSame(false)} onPick={(of) => closeAs("duplicate", of)} />}
      <UnverifiedBanner interaction={interaction} />
      <CallbackBanner interaction={interaction} mine={mine} />
      <div className="contact-body">
        <Body interaction={interaction} mine={mine} />
      </div>
      {mine ? (
        <Dock interaction={interaction} detail={detail} tab={tab} focus={focus} onTab={show} />
      ) : (
        <ReadOnly interaction={interaction} />
      )}
    </section>
  );
}

export function Body({ interaction, mine }: { interaction: InteractionView; mine: boolean }) {
  switch (lookOf(interaction.channel).body) {
    case "call":
      return <CallPanel interaction={interaction} mine={mine} />;
    case "chat":
      return <ChatThread interaction={interaction} />;
    case "task":
      return <TaskPane interaction={interaction} mine={mine} />;
    case "pages":
      return <FaxViewer interaction={interaction} />;
    default:
      return <MailThread interaction={interaction} mine={mine} />;
  }
}

function ReadOnly({ interaction }: { interaction: InteractionView }) {
  const { t, word } = useWords();
  const { state } = interaction;
  return (
    <div className="contact-closed" data-testid="read-only">
      {state === "closed" ? t("contact.closedBanner") : word("state", state)} <BringBack interaction={interaction} /> <AssessThis interaction={interaction} />
    </div>
  );
}
