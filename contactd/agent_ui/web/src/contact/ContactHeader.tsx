/** Head of a contact: title, state and clock, and what may be done with the whole of it. */
import { DownOutlined, EllipsisOutlined, PauseCircleOutlined, PhoneOutlined, StopOutlined, SwapOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Dropdown, type MenuProps, Popconfirm, Tooltip } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { lookOf } from "../channels";
import { subjectOf } from "../channels/subject";
import { useLineLabel, usePolicy, useRun } from "../desk";
import { moment } from "../format";
import { useWords } from "../i18n";
import { keyed } from "../keyboard";
import { ChannelIcon, Kbd, Left, Since, StateMark, Vip } from "../shell/bits";
import { serverNow } from "../ticker";
import type { InteractionView } from "../wire";
import { nameOf } from "../work/WorkList";
import { PromiseCallback } from "./Callback";
import type { Reason } from "./closeAs";
import { TransferDialog } from "./TransferDialog";
import { useWrapup } from "./wrapupDraft";

interface Props {
  interaction: InteractionView;
  mine: boolean;
  /** Ends a contact that needs no answer; null where somebody is there now. */
  onCloseAs: ((reason: Reason) => void) | null;
  onNeedsDisposition(): void;
}

export function ContactHeader({ interaction, mine, onCloseAs, onNeedsDisposition }: Props) {
  const words = useWords();
  const { t, word } = words;
  const line = useLineLabel()(interaction.line);
  const name = nameOf(interaction, t("work.noName"));
  // A conversation is with somebody; a letter is about something.
  const spoken = ["call", "chat"].includes(lookOf(interaction.channel).body);
  const title = spoken ? name : subjectOf(words, interaction.channel, interaction.subject) || name;
  return (
    <header className="contact-head">
      <ChannelIcon channel={interaction.channel} />
      <div className="grow">
        <div className="row">
          <h1 className="cut">{title}</h1>
          <Vip level={interaction.vip} />
          {interaction.priority > 0 && <span className="tag">{t("contact.priority", { n: interaction.priority })}</span>}
        </div>
        <div className="row contact-meta">
          <span className="row contact-state">
            <StateMark state={interaction.state} />
            {!(interaction.state === "wrapup" && interaction.wrapup_until) && word("state", interaction.state)}
            <Clock interaction={interaction} />
          </span>
          {lookOf(interaction.channel).body === "chat" && interaction.state === "active" && (
            <span className={`tag${interaction.live ? " accent" : ""}`} data-testid="presence">
              {t(interaction.live ? "contact.customerLive" : "contact.customerGone")}
            </span>
          )}
          <span className="cut" title={[line, interaction.from_display].filter(Boolean).join(" · ")}>
            {[line, interaction.from_display].filter(Boolean).join(" · ")}
          </span>
          {interaction.state === "parked" && <ParkedUntil interaction={interaction} />}
        </div>
      </div>
      {mine && <Actions interaction={interaction} onCloseAs={onCloseAs} onNeedsDisposition={onNeedsDisposition} />}
    </header>
  );
}

function Clock({ interaction }: { interaction: InteractionView }) {
  const { t } = useWords();
  if (interaction.state === "wrapup" && interaction.wrapup_until) {
    return (
      <span className="tag" data-testid="wrapup-left">
        {t("contact.wrapupLeft")} <Left until={interaction.wrapup_until} />
      </span>
    );
  }
  if (interaction.state === "closed" || interaction.state === "abandoned") return null;
  return <Since at={interaction.state_since} />;
}

function ParkedUntil({ interaction }: { interaction: InteractionView }) {
  const { t } = useWords();
  return (
    <span className="tag">
      {interaction.parked_until
        ? t("contact.parkedUntil", { at: moment(interaction.parked_until, serverNow()) })
        : t("contact.parkedOpen")}
    </span>
  );
}

function Actions({ interaction, onCloseAs, onNeedsDisposition }: Omit<Props, "mine">) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const [transfer, setTransfer] = useState(false);
  const call = lookOf(interaction.channel).body === "call";
  const external = interaction.routed_by === "pbx";
  const { state, id } = interaction;
  if (state === "wrapup") return null;
  const can = interaction.panel?.can;
  if (external || (call && interaction.live && can)) {
    return (
      <div className="row contact-actions">
        {external && <span className="tag">{t(can?.length ? "contact.byPbx" : "contact.external")}</span>}
        {can?.includes("transfer") && (
          <>
            <Button icon={<SwapOutlined />} {...keyed("T")} data-testid="transfer-open" onClick={() => setTransfer(true)}>
              {t("contact.transfer")}
            </Button>
            <TransferDialog interaction={interaction} open={transfer} outside onClose={() => setTransfer(false)} />
          </>
        )}
        {can?.includes("hangup") && interaction.live && <HangUp id={id} />}
        {!interaction.live && <End interaction={interaction} onNeedsDisposition={onNeedsDisposition} />}
      </div>
    );
  }
  return (
    <div className="row contact-actions">
      {state === "parked" && (
        <Button
          icon={<PauseCircleOutlined />}
          {...keyed("P")}
          loading={busy.has("interaction.resume")}
          data-testid="take-up"
          onClick={() => void run("interaction.resume", { interaction: id })}
        >
          {t("contact.takeUp")}
        </Button>
      )}
      {state !== "parked" && (
        <Button icon={<SwapOutlined />} {...keyed("T")} data-testid="transfer-open" onClick={() => setTransfer(true)}>
          {t("contact.transfer")}
        </Button>
      )}
      {interaction.channel !== "callback" && <PromiseCallback interaction={interaction} />}
      {state !== "parked" && (!call || (interaction.live && interaction.channel !== "callback")) && <Park id={id} call={call} />}
      {onCloseAs && <CloseAs onCloseAs={onCloseAs} />}
      {call && interaction.live ? (
        state !== "parked" && <HangUp id={id} />
      ) : (
        <End interaction={interaction} onNeedsDisposition={onNeedsDisposition} />
      )}
      <TransferDialog interaction={interaction} open={transfer} onClose={() => setTransfer(false)} />
    </div>
  );
}

function HangUp({ id }: { id: string }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  return (
    <Button
      danger
      type="primary"
      icon={<PhoneOutlined rotate={135} />}
      {...keyed("⇧Q")}
      loading={busy.has("call.hangup")}
      data-testid="end-contact"
      onClick={() => void run("call.hangup", { interaction: id })}
    >
      {t("call.hangup")}
    </Button>
  );
}

/** Ends the contact with what the disposition form holds; its own colour, its own confirmation, its own key. */
function End({ interaction, onNeedsDisposition }: { interaction: InteractionView; onNeedsDisposition(): void }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const policy = usePolicy();
  const wrapup = useWrapup(interaction);
  const { live } = interaction;
  const end = async (): Promise<void> => {
    if (policy.rule(interaction.line, interaction.channel).dispositionRequired && wrapup.main === null) {
      onNeedsDisposition();
      wrapup.complain();
      return;
    }
    const { ok, error } = await run(
      "interaction.complete",
      { interaction: interaction.id, ...wrapup.payload(), end: true },
      { quietFields: ["disposition"] },
    );
    if (ok) wrapup.clear();
    else if (error?.field === "disposition") {
      onNeedsDisposition();
      wrapup.complain();
    }
  };
  return (
    <Popconfirm
      title={live ? t("contact.endConfirm") : t("contact.endMail")}
      description={<div style={{ maxWidth: 260 }}>{t(live ? "contact.endConfirmHint" : "contact.endMailHint")}</div>}
      okText={t(live ? "contact.end" : "contact.endMail")}
      okButtonProps={{ danger: true, autoFocus: true, "data-testid": "end-confirm" } as never}
      cancelText={t("common.cancel")}
      placement="bottomRight"
      onConfirm={() => void end()}
    >
      <Button danger icon={<StopOutlined />} {...keyed("⇧Q")} loading={busy.has("interaction.complete")} data-testid="end-contact">
        {t(live ? "contact.end" : "contact.endMail")}
      </Button>
    </Popconfirm>
  );
}

/** The three ways out without an answer, with their keys. */
function CloseAs({ onCloseAs }: { onCloseAs(reason: Reason): void }) {
  const { t } = useWords();
  const item = (reason: Reason, key: string): NonNullable<MenuProps["items"]>[number] => ({
    key: reason,
    label: (
      <span className="row" data-testid={`close-${reason}`}>
        <span className="grow">{t(`closeAs.${reason}`)}</span> <Kbd>{key}</Kbd>
      </span>
    ),
    onClick: () => onCloseAs(reason),
  });
  return (
    <Dropdown menu={{ items: [item("no_reply_needed", "E"), item("duplicate", "D"), item("junk", "!")] }} trigger={["click"]}>
      <Button icon={<EllipsisOutlined />} aria-label={t("closeAs.title")} data-testid="close-as" />
    </Dropdown>
  );
}

function Park({ id, call }: { id: string; call: boolean }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const { message } = AntApp.useApp();
  const park = async (until: dayjs.Dayjs | null): Promise<void> => {
    const { ok } = await run("interaction.park", { interaction: id, ...(until ? { until: until.toISOString() } : {}) });
    if (ok) message.success(until ? t("contact.parkedUntil", { at: until.format("MM-DD HH:mm") }) : t("contact.parkedOpen"));
  };
  const nine = (day: dayjs.Dayjs): dayjs.Dayjs => day.hour(9).minute(0).second(0).millisecond(0);
  const now = dayjs(serverNow());
  const monday = nine(now.add(((8 - now.day()) % 7) || 7, "day"));
  const minutes = (n: number) => ({
    key: `m${n}`,
    label: <span data-testid={`park-${n}`}>{t("contact.parkFor.minutes", { n })}</span>,
    onClick: () => void park(now.add(n, "minute")),
  });
  const written: MenuProps["items"] = [
    { key: "hour", label: t("contact.parkFor.hour"), onClick: () => void park(now.add(1, "hour")) },
    { key: "tomorrow", label: t("contact.parkFor.tomorrow"), onClick: () => void park(nine(now.add(1, "day"))) },
    { key: "monday", label: t("contact.parkFor.monday"), onClick: () => void park(monday) },
    { type: "divider" },
    { key: "customer", label: <span data-testid="park-open">{t("contact.parkFor.customer")}</span>, onClick: () => void park(null) },
  ];
  const items: MenuProps["items"] = call ? [1, 3, 10].map(minutes) : written;
  return (
    <Dropdown autoFocus menu={{ items }} trigger={["click"]}>
      <Tooltip title={t("contact.parkUntil")}>
        <Button icon={<PauseCircleOutlined />} {...keyed("P")} loading={busy.has("interaction.park")} data-testid="park">
          {t("contact.park")} <DownOutlined style={{ fontSize: 9 }} />
        </Button>
      </Tooltip>
    </Dropdown>
  );
}
