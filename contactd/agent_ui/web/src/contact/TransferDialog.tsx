/** Give a contact away: to a line, with what waits there, or to an agent; with a word for whoever takes it. */
import { useQuery } from "@tanstack/react-query";
import { App as AntApp, Input, Modal, Segmented } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useConsole, usePolicy, useRun, useTarget } from "../desk";
import { useWords } from "../i18n";
import { Hollow, Lines, LoadFailed, Since, StateMark } from "../shell/bits";
import type { Colleague, InteractionView, LineView } from "../wire";
import { waitingChannels } from "../work/LineStrip";

interface Props {
  interaction: InteractionView;
  open: boolean;
  onClose(): void;
}

const NO_LINES: LineView[] = [];

export function TransferDialog({ interaction, open, onClose }: Props) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const { message } = AntApp.useApp();
  const [kind, setKind] = useState<"line" | "agent">("line");
  const [target, setTarget] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const submit = async (): Promise<void> => {
    if (!target) return;
    const { ok } = await run("interaction.transfer", {
      interaction: interaction.id,
      ...(kind === "line" ? { to_line: target } : { to_agent: target }),
      ...(note.trim() ? { note: note.trim() } : {}),
    });
    if (!ok) return;
    message.success(t("transfer.done"));
    setNote("");
    setTarget(null);
    onClose();
  };
  return (
    <Modal
      open={open}
      title={t("transfer.title")}
      width={460}
      destroyOnHidden
      okText={t("transfer.submit")}
      cancelText={t("common.cancel")}
      okButtonProps={{ disabled: !target, loading: busy.has("interaction.transfer"), "data-testid": "transfer-submit" } as never}
      onOk={() => void submit()}
      onCancel={onClose}
    >
      <div className="transfer">
        <Segmented
          block
          value={kind}
          options={[
            { value: "line", label: <span data-testid="transfer-to-line">{t("transfer.line")}</span> },
            { value: "agent", label: <span data-testid="transfer-to-agent">{t("transfer.agent")}</span> },
          ]}
          onChange={(value) => {
            setKind(value as "line" | "agent");
            setTarget(null);
          }}
        />
        {kind === "line" ? (
          <LineChoice from={interaction.line} value={target} onPick={setTarget} />
        ) : (
          <AgentChoice from={interaction.line} value={target} onPick={setTarget} />
        )}
        <Input.TextArea
          value={note}
          rows={2}
          placeholder={t("transfer.note")}
          data-testid="transfer-note"
          onChange={(event) => setNote(event.target.value)}
        />
        <p className="dim">{t("transfer.keepsAge")}</p>
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
