/** Agents: state by shape and colour, time in it, what they have in hand. */
import { CustomerServiceOutlined, ExportOutlined, TeamOutlined } from "@ant-design/icons";
import { Button, Checkbox, Dropdown, Tooltip } from "antd";
import { memo, useMemo, useState } from "react";
import { lookOf } from "../channels";
import { useLineLabel, useRun } from "../desk";
import { useWords } from "../i18n";
import { Hollow, Since, StateMark } from "../shell/bits";
import { LeaveDialog } from "./LeaveDialog";
import type { AgentMood, AgentView } from "../wire";

const ORDER: AgentMood[] = ["lost", "ready", "offered", "talking", "held", "wrapup", "not_ready", "logged_out"];

interface WallProps {
  agents: AgentView[];
  /** Codes of all lines, the same list while they are the same. */
  lines: string[];
  onWhy(agent: AgentView): void;
}

export const AgentWall = memo(function AgentWall({ agents, lines, onWhy }: WallProps) {
  const { t, word } = useWords();
  const [mood, setMood] = useState<AgentMood | null>(null);
  const [out, setOut] = useState(false);
  const [leaver, setLeaver] = useState<AgentView | null>(null);
  const present = useMemo(() => ORDER.filter((name) => agents.some((agent) => agent.state === name)), [agents]);
  const shown = useMemo(
    () =>
      agents
        .filter((agent) => (mood === null ? out || agent.state !== "logged_out" : agent.state === mood))
        .sort(
          (a, b) =>
            ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
            (a.since ?? "").localeCompare(b.since ?? "") ||
            a.agent.localeCompare(b.agent),
        ),
    [agents, mood, out],
  );
  return (
    <section className="card grow-card">
      <h2 className="card-title">
        {t("floor.agents")} <span className="num dim">{shown.length}</span>
        <span className="grow" />
        <Checkbox checked={out} onChange={(event) => setOut(event.target.checked)}>
          {t("floor.showOut")}
        </Checkbox>
      </h2>
      <div className="moods" role="group" aria-label={t("floor.filterAgents")}>
        {present
          .filter((name) => out || name !== "logged_out")
          .map((name) => (
            <button
              key={name}
              type="button"
              className={`clear mood${mood === name ? " on" : ""}`}
              aria-pressed={mood === name}
              onClick={() => setMood(mood === name ? null : name)}
            >
              <StateMark state={name} />
              {word("mood", name)}
              <span className="num">{agents.filter((agent) => agent.state === name).length}</span>
            </button>
          ))}
      </div>
      <div className="card-scroll">
        {shown.length === 0 ? (
          <Hollow glyph={<TeamOutlined />} title={t("floor.agentsEmpty")} />
        ) : (
          shown.map((agent) => <AgentRow key={agent.agent} agent={agent} lines={lines} onWhy={onWhy} onLeave={setLeaver} />)
        )}
      </div>
      {leaver && <LeaveDialog agent={leaver} onClose={() => setLeaver(null)} />}
    </section>
  );
});

interface RowProps {
  agent: AgentView;
  lines: string[];
  onWhy(agent: AgentView): void;
  onLeave(agent: AgentView): void;
}

/** Drawn anew when this agent changed, not when another did. */
const AgentRow = memo(function AgentRow({ agent, lines, onWhy, onLeave }: RowProps) {
  const { t, word } = useWords();
  const label = useLineLabel();
  const member = agent.lines.includes("*") ? lines : agent.lines;
  const reason =
    agent.state === "not_ready" && agent.reason
      ? word("intent.system", agent.reason, word("intent.defaults", agent.reason))
      : null;
  const away = agent.state === "not_ready" ? 1800 : null;
  return (
    <div className="agent" data-testid="floor-agent-row" data-agent={agent.agent} data-state={agent.state}>
      <StateMark state={agent.state} pulse={agent.state === "offered"} />
      <Tooltip title={member.map(label).join("、")} placement="left" mouseEnterDelay={0.4}>
        <button type="button" className="clear agent-name cut" aria-label={`${t("floor.why")}: ${agent.name ?? agent.agent}`} onClick={() => onWhy(agent)}>
          {agent.name ?? agent.agent}
        </button>
      </Tooltip>
      <span className="agent-mood cut">{reason ?? word("mood", agent.state)}</span>
      <span className="agent-work">
        {agent.work.slice(0, 6).map((item) => (
          <span key={item.interaction} className={`agent-item m-${item.state}`} title={`${word("channel", item.channel)} · ${word("state", item.state)}`}>
            {lookOf(item.channel).icon}
          </span>
        ))}
      </span>
      <Supervise agent={agent} />
      <Button
        size="small"
        type="text"
        className="agent-leave"
        icon={<ExportOutlined />}
        title={t("leave.open")}
        aria-label={`${t("leave.open")}: ${agent.name ?? agent.agent}`}
        data-testid="agent-leave"
        onClick={() => onLeave(agent)}
      />
      <span className="agent-load" title={`${agent.used}%`}>
        <i style={{ width: `${Math.min(100, agent.used)}%` }} />
      </span>
      <span className="agent-since">
        <Since at={agent.since} late={away} />
      </span>
    </div>
  );
});

const MODES = ["listen", "whisper", "barge", "stop"] as const;

/** Hear the call somebody is on, speak to them alone, join it: on my own phone. */
function Supervise({ agent }: { agent: AgentView }) {
  const { t, word } = useWords();
  const { run, busy } = useRun();
  const call = agent.work.find((item) => lookOf(item.channel).body === "call" && ["active", "held"].includes(item.state));
  if (!call) return <span className="agent-hear" />;
  const items = MODES.map((mode) => ({
    key: mode,
    label: <span data-testid={`supervise-${mode}`}>{word("supervise", mode)}</span>,
    onClick: () => void run("call.supervise", { interaction: call.interaction, mode }),
  }));
  return (
    <span className="agent-hear">
      <Dropdown menu={{ items }} trigger={["click"]}>
        <Button
          size="small"
          type="text"
          icon={<CustomerServiceOutlined />}
          loading={busy.has("call.supervise")}
          title={t("floor.supervise")}
          aria-label={`${t("floor.supervise")}: ${agent.name ?? agent.agent}`}
          data-testid="supervise"
        />
      </Dropdown>
    </span>
  );
}
