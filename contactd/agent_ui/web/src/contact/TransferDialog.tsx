/** Give a contact away, or ask somebody while the customer waits: a line, with what waits there, an agent, for calls a number. */
import { useQuery } from "@tanstack/react-query";
import { App as AntApp, Input, Modal, Segmented } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { lookOf } from "../channels";
import { useConsole, usePolicy, useRun, useTarget } from "../desk";
import { useWords } from "../i18n";
import { Hollow, Lines, LoadFailed, Since, StateMark } from "../shell/bits";
import type { Colleague, InteractionView, LineView } from "../wire";
import { waitingChannels } from "../work/LineStrip";
import { useAnyway } from "./anyway";

interface Props {
  interaction: InteractionView;
  open: boolean;
  /** Ask first, instead of giving it away. */
  consult?: boolean;
  /** The PBX passes it on: to a colleague's phone or a number, not through our queues. */
  outside?: boolean;
  onClose(): void;
}

type Kind = "line" | "agent" | "number";

const NO_LINES: LineView[] = [];

export function TransferDialog({ interaction, open, consult = false, outside = false, onClose }: Props) {
  const { t } = useWords();
  const { busy } = useRun();
  const attempt = useAnyway();
  const { message } = AntApp.useApp();
  const [kind, setKind] = useState<Kind>(consult || outside ? "agent" : "line");
  const [target, setTarget] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const calls = lookOf(interaction.channel).body === "call";
  const kinds: Kind[] = outside ? ["agent", "number"] : calls ? ["line", "agent", "number"] : ["line", "agent"];
  const command = consult ? "call.consult" : outside || kind === "number" ? "call.transfer" : "interaction.transfer";
  const submit = async (): Promise<void> => {
    if (!target) return;
    const whom = { line: { to_line: target }, agent: { to_agent: target }, number: { to: target } }[kind];
    const word = command === "interaction.transfer" && note.trim() ? { note: note.trim() } : {};
    const done = await attempt(command, { interaction: interaction.id, ...whom, ...word });
    if (!done?.ok) return;
    if (!consult) message.success(t(outside || kind === "number" ? "transfer.ringing" : "transfer.done"));
    setNote("");
    setTarget(null);
    onClose();
  };
  return (
    <Modal
      open={open}
      title={t(consult ? "transfer.consult" : "transfer.title")}
      width={460}
      destroyOnHidden
      okText={t(consult ? "call.consult" : "transfer.submit")}
      cancelText={t("common.cancel")}
      okButtonProps={{ disabled: !target, loading: busy.has(command), "data-testid": "transfer-submit" } as never}
      onOk={() => void submit()}
      onCancel={onClose}
    >
      <div className="transfer">
        <Segmented
          block
          value={kind}
          options={kinds.map((each) => ({
            value: each,
            label: <span data-testid={`transfer-to-${each}`}>{t(`transfer.${each}`)}</span>,
          }))}
          onChange={(value) => {
            setKind(value as Kind);
            setTarget(null);
          }}
        />
        {kind === "line" && <LineChoice from={consult ? null : interaction.line} value={target} onPick={setTarget} />}
        {kind === "agent" && <AgentChoice from={interaction.line} value={target} onPick={setTarget} />}
        {kind === "number" && (
          <Input
            autoFocus
            inputMode="tel"
            className="num"
            value={target ?? ""}
            placeholder={t("transfer.pickNumber")}
            data-testid="transfer-number"
            onChange={(event) => setTarget(event.target.value)}
            onPressEnter={() => void submit()}
          />
        )}
        {command === "interaction.transfer" && (
          <>
            <Input.TextArea
              value={note}
              rows={2}
              placeholder={t("transfer.note")}
              data-testid="transfer-note"
              onChange={(event) => setNote(event.target.value)}
            />
            <p className="dim">{t("transfer.keepsAge")}</p>
          </>
        )}
        {consult && <p className="dim">{t("transfer.waitsMusic")}</p>}
      </div>
    </Modal>
  );
}

interface ChoiceProps {
  value: string | null;
  onPick(id: string): void;
}

function LineChoice({ from, value, onPick }: ChoiceProps & { from: string | null }) {
  const { t } = useWords();
  const policy = usePolicy();
  const target = useTarget();
  const live = useConsole((state) => state.floor.lines) ?? NO_LINES;
  const lines = policy.lines.length > 0 ? policy.lines : live.map(({ line }) => ({ code: line, label: line }));
  return (
    <div className="choices" role="radiogroup" aria-label={t("transfer.pickLine")}>
      {lines
        .filter((line) => line.code !== from)
        .map((line) => {
          const now = live.find((item) => item.line === line.code);
          return (
            <button
              key={line.code}
              type="button"
              role="radio"
              aria-checked={value === line.code}
              className={`clear choice${value === line.code ? " on" : ""}`}
              data-testid={`transfer-line-${line.code}`}
              onClick={() => onPick(line.code)}
            >
              <span className="grow cut">{line.label}</span>
              {now?.open === false && <span className="tag bad">{t("transfer.closed")}</span>}
              {now && (
                <>
                  <span className="dim num">{t("transfer.readyN", { n: now.ready })}</span>
                  <span className="dim num">{t("transfer.waiting", { n: now.waiting })}</span>
                  {now.waiting > 0 && <Since at={now.oldest_at} late={target(now, waitingChannels(now))} />}
                </>
              )}
            </button>
          );
        })}
    </div>
  );
}

/** Colleagues who are signed in, those of this line and those who are ready first. */
function AgentChoice({ from, value, onPick }: ChoiceProps & { from: string | null }) {
  const { t, word } = useWords();
  const me = useConsole((state) => state.me.agent);
  const found = useQuery({ queryKey: keys.agents, queryFn: ({ signal }) => api.agents(signal), refetchInterval: 5000 });
  if (found.isPending) return <Lines n={4} />;
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const member = (agent: Colleague): boolean => agent.lines.includes("*") || agent.lines.includes(from ?? "");
  const rank = (agent: Colleague): number => (agent.state === "ready" ? 0 : 2) + (member(agent) ? 0 : 1);
  const agents = found.data.items
    .filter((agent) => agent.agent !== me && agent.state !== "logged_out")
    .sort((a, b) => rank(a) - rank(b) || a.agent.localeCompare(b.agent));
  if (agents.length === 0) return <Hollow title={t("floor.agentsEmpty")} />;
  return (
    <div className="choices" role="radiogroup" aria-label={t("transfer.pickAgent")}>
      {agents.map((agent) => (
        <button
          key={agent.agent}
          type="button"
          role="radio"
          aria-checked={value === agent.agent}
          className={`clear choice${value === agent.agent ? " on" : ""}`}
          data-testid={`transfer-agent-${agent.agent}`}
          onClick={() => onPick(agent.agent)}
        >
          <StateMark state={agent.state} />
          <span className="grow cut">{agent.name ?? agent.agent}</span>
          <span className="dim">{word("mood", agent.state)}</span>
          <Since at={agent.since} />
        </button>
      ))}
    </div>
  );
}
