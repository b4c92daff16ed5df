/** A call: large clock, what may be done with it, keypad; below it the notes taken so far. */
import {
  AudioMutedOutlined,
  AudioOutlined,
  CaretRightOutlined,
  NumberOutlined,
  PauseOutlined,
  PlayCircleOutlined,
  QuestionCircleOutlined,
} from "@ant-design/icons";
import { Button, Popover } from "antd";
import { useState } from "react";
import { useLineLabel, useRun } from "../desk";
import { duration } from "../format";
import { useWords } from "../i18n";
import { keyed } from "../keyboard";
import { Since, StateMark } from "../shell/bits";
import type { InteractionView } from "../wire";
import { nameOf } from "../work/WorkList";
import { NoteLine, useMessages } from "./MailThread";
import { RecordKey } from "./RecordKey";
import { Recordings } from "./Recordings";
import { ThirdParty } from "./ThirdParty";
import { TransferDialog } from "./TransferDialog";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/** What the clock counts: the channel's own word where it has one, else what the state says. */
function phaseOf(interaction: InteractionView) {
  switch (interaction.panel?.phase) {
    case "ringing_agent":
      return "call.yourPhone";
    case "dialling":
      return "call.dialling";
    case "sending":
      return "call.sending";
    case "unknown":
      return "call.unknownFate";
    default:
      if (interaction.state === "held") return "call.onHold";
      if (interaction.state === "parked") return "call.parked";
      return interaction.answered_at ? "call.talking" : "call.ringing";
  }
}

export function CallPanel({ interaction, mine }: { interaction: InteractionView; mine: boolean }) {
  const { t, word } = useWords();
  const line = useLineLabel()(interaction.line);
  const { state } = interaction;
  const over = state === "wrapup" || state === "closed" || state === "abandoned" || !interaction.live;
  const phase = over ? "call.ended" : phaseOf(interaction);
  const panel = interaction.panel ?? null;
  const outgoing = interaction.direction === "outbound";
  return (
    <div className="call">
      <div className="call-panel">
        <div className={`call-phase s-${over ? "closed" : state}`}>
          <StateMark state={over ? "closed" : state} pulse={!over && !interaction.answered_at} />
          {t(phase, { to: panel?.to ?? "" })}
        </div>
        <div className="call-clock num" data-testid="call-clock">
          {over ? <CallLength interaction={interaction} /> : <Since at={interaction.answered_at ?? interaction.state_since} />}
        </div>
        <div className="call-who" data-testid="call-panel-who">{nameOf(interaction, t("work.anonymous"))}</div>
        <dl className="call-facts">
          {!outgoing && (
            <div>
              <dt>{t("call.from")}</dt>
              <dd className="num">{interaction.from_display || t("work.anonymous")}</dd>
            </div>
          )}
          <div>
            <dt>{t(outgoing ? "call.dialled" : "call.to")}</dt>
            <dd className="num">{[interaction.to_display, line].filter(Boolean).join(" · ")}</dd>
          </div>
          {!outgoing && (
            <div>
              <dt>{t("call.waited")}</dt>
              <dd className="num">{duration(interaction.wait_s ?? 0)}</dd>
            </div>
          )}
          {interaction.subject && (
            <div>
              <dt>{t("call.chose")}</dt>
              <dd data-testid="call-chose">{interaction.subject}</dd>
            </div>
          )}
        </dl>
        {over && panel?.why && (
          <p className="call-why" data-testid="call-why">
            {word("callWhy", panel.why)}
          </p>
        )}
        {!over && panel?.supervisors?.some((each) => each.up) && (
          <p className="call-heard dim" data-testid="call-heard">
            {panel.supervisors.map((each) => word("heardBy", each.mode)).join(" · ")}
          </p>
        )}
        {!over && panel?.hold === "unknown" && (
          <p className="call-heard dim" data-testid="call-hold-unknown">
            {t("call.holdUnknown")}
          </p>
        )}
        {!over && panel?.tape && <RecordKey interaction={interaction} tape={panel.tape} mine={mine} />}
        {!over && panel?.third && <ThirdParty interaction={interaction} third={panel.third} mine={mine} />}
        {mine && !over && state !== "parked" && interaction.answered_at && (interaction.routed_by !== "pbx" || panel?.can) && <Controls interaction={interaction} />}
      </div>
      {over && <Recordings id={interaction.id} settled={!interaction.live && state !== "wrapup"} />}
      <CallNotes id={interaction.id} />
    </div>
  );
}

function CallLength({ interaction }: { interaction: InteractionView }) {
  const counted = (interaction.talk_s ?? 0) + (interaction.hold_s ?? 0);
  if (counted > 0) return <>{duration(counted)}</>;
  const { answered_at, ended_at } = interaction;
  if (answered_at === null || ended_at === null) return <>0:00</>;
  return <>{duration((Date.parse(ended_at) - Date.parse(answered_at)) / 1000)}</>;
}

function Controls({ interaction }: { interaction: InteractionView }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const [asking, setAsking] = useState(false);
  const { id } = interaction;
  const muted = interaction.panel?.muted;
  const third = interaction.panel?.third ?? null;
  const held = interaction.state === "held" && !third;
  const can = interaction.panel?.can;
  if (can) return <PbxControls id={id} can={can} muted={muted} recording={interaction.panel?.recording} />;
  return (
    <div className="call-controls">
      <Button
        size="large"
        className={held ? "call-held" : ""}
        aria-pressed={held}
        icon={held ? <CaretRightOutlined /> : <PauseOutlined />}
        {...keyed("H")}
        disabled={third !== null}
        loading={busy.has("interaction.hold") || busy.has("interaction.resume")}
        data-testid={held ? "call-resume" : "call-hold"}
        onClick={() => void run(held ? "interaction.resume" : "interaction.hold", { interaction: id })}
      >
        {t(held ? "contact.resume" : "contact.hold")}
      </Button>
      <Mute id={id} muted={muted} />
      <KeypadButton id={id} />
      <Button
        size="large"
        icon={<QuestionCircleOutlined />}
        {...keyed("O")}
        disabled={third !== null}
        data-testid="call-consult"
        onClick={() => setAsking(true)}
      >
        {t("call.consult")}
      </Button>
      <TransferDialog interaction={interaction} open={asking} consult onClose={() => setAsking(false)} />
    </div>
  );
}

/** null: after a cut or a restart nobody can say; pressing then switches it on, which is always safe to say twice. */
type Known = boolean | null | undefined;

/** A call the PBX routes: only the keys its account lets us press; holding is the phone's own button. */
function PbxControls({ id, can, muted, recording }: { id: string; can: string[]; muted: Known; recording: Known }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const has = (key: string): boolean => can.includes(key);
  if (!["mute", "dtmf", "record"].some(has)) return null;
  return (
    <div className="call-controls" data-testid="call-controls-pbx">
      {has("mute") && <Mute id={id} muted={muted} />}
      {has("dtmf") && <KeypadButton id={id} />}
      {has("record") && (
        <Button
          size="large"
          aria-pressed={recording ?? (recording === null ? "mixed" : false)}
          className={recording ? "call-held" : ""}
          icon={<PlayCircleOutlined />}
          loading={busy.has("call.record")}
          data-testid="call-record-pbx"
          onClick={() => void run("call.record", { interaction: id, on: !recording })}
        >
          {t(recording ? "call.pbxRecordOff" : recording === null ? "call.pbxRecordUnknown" : "call.pbxRecordOn")}
        </Button>
      )}
    </div>
  );
}

function Mute({ id, muted }: { id: string; muted: Known }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  return (
    <Button
      size="large"
      aria-pressed={muted ?? (muted === null ? "mixed" : false)}
      className={muted ? "call-held" : ""}
      icon={muted ? <AudioMutedOutlined /> : <AudioOutlined />}
      {...keyed("M")}
      loading={busy.has("call.mute")}
      data-testid="call-mute"
      onClick={() => void run("call.mute", { interaction: id, on: !muted })}
    >
      {t(muted ? "call.unmute" : muted === null ? "call.muteUnknown" : "call.mute")}
    </Button>
  );
}

function KeypadButton({ id }: { id: string }) {
  const { t } = useWords();
  return (
    <Popover trigger="click" placement="bottom" content={<Keypad id={id} />}>
      <Button size="large" icon={<NumberOutlined />} data-testid="call-keypad">
        {t("call.keypad")}
      </Button>
    </Popover>
  );
}

function Keypad({ id }: { id: string }) {
  const { run } = useRun();
  const [pressed, setPressed] = useState("");
  return (
    <div className="keypad">
      <output className="num cut">{pressed || " "}</output>
      {KEYS.map((key) => (
        <Button
          key={key}
          size="large"
          data-testid={`dtmf-${key}`}
          onClick={() => {
            setPressed((before) => (before + key).slice(-16));
            void run("call.dtmf", { interaction: id, digits: key });
          }}
        >
          {key}
        </Button>
      ))}
    </div>
  );
}

function CallNotes({ id }: { id: string }) {
  const { t } = useWords();
  const notes = useMessages(id).data ?? [];
  if (notes.length === 0) return <p className="call-hint dim">{t("call.noText")}</p>;
  return (
    <div className="call-notes">
      {notes.map((message) => (
        <NoteLine key={message.id} message={message} />
      ))}
    </div>
  );
}
