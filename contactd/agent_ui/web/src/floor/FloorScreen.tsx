/** The supervisor's wall: what waits where and how long, who is doing what since when, what went wrong; all of it live. */
import { Button } from "antd";
import { useCallback, useMemo, useState } from "react";
import { useConsole, useTarget } from "../desk";
import { useWords } from "../i18n";
import { Lines } from "../shell/bits";
import { useSteady } from "../steady";
import type { AgentView, FloorView, InteractionView } from "../wire";
import { AgentWall } from "./AgentWall";
import { Alerts } from "./Alerts";
import { BulkDrawer } from "./BulkDrawer";
import { Figures } from "./Figures";
import { IdleDrawer } from "./IdleDrawer";
import { LineTable } from "./LineTable";
import { WaitingTable } from "./WaitingTable";
import { WhyDrawer } from "./WhyDrawer";
import { useWaiting } from "./waiting";
import "./floor.css";

export default function FloorScreen() {
  const floor = useConsole((state) => state.floor);
  return floor === null ? <Lines n={12} /> : <Floor floor={floor} />;
}

function Floor({ floor }: { floor: FloorView }) {
  const { t } = useWords();
  const [line, setLine] = useState<string | null>(null);
  const [why, setWhy] = useState<InteractionView | null>(null);
  const [bulk, setBulk] = useState(false);
  const [idle, setIdle] = useState<AgentView | null>(null);
  const { waiting, total, more } = useWaiting(floor, line);
  const agents = useMemo(
    () => (line === null ? floor.agents : floor.agents.filter((agent) => agent.lines.includes(line) || agent.lines.includes("*"))),
    [floor.agents, line],
  );
  // Figures of lines and states of agents change all the time; which lines and agents there are, hardly ever.
  const codes = useSteady(floor.lines.map((one) => one.line), floor.lines.map((one) => one.line).join("\n"));
  const names = useSteady(
    new Map(floor.agents.map((agent) => [agent.agent, agent.name ?? agent.agent])),
    floor.agents.map((agent) => `${agent.agent} ${agent.name ?? ""}`).join("\n"),
  );
  const targets = useSteady(new Map(floor.lines.map((one) => [one.line, one])), floor.lines.map((one) => `${one.line} ${one.sla_s ?? ""}`).join("\n"));
  const target = useTarget();
  const limit = useCallback((item: InteractionView) => target(targets.get(item.line ?? ""), [item.channel]), [target, targets]);
  const choose = useCallback((next: string) => setLine((now) => (next === now ? null : next)), []);
  return (
    <div className="floor" data-testid="floor">
      <h1 className="sr">{t("nav.floor")}</h1>
      <Figures floor={floor} />
      <div className="floor-main">
        <section className="card">
          <h2 className="card-title">{t("floor.lines")}</h2>
          <LineTable lines={floor.lines} chosen={line} onChoose={choose} />
        </section>
        <section className="card grow-card">
          <h2 className="card-title">
            {t("floor.items")} <span className="num dim">{total}</span>
            {waiting.length < total && (
              <span className="dim floor-head" data-testid="floor-head">
                {t("floor.headOnly", { n: waiting.length })}
              </span>
            )}
            {more !== null && (
              <Button type="link" size="small" data-testid="floor-more" onClick={more}>
                {t("floor.more")}
              </Button>
            )}
            <Button type="link" size="small" className="floor-bulk" data-testid="bulk-open" onClick={() => setBulk(true)}>
              {t("bulk.open")}
            </Button>
          </h2>
          <WaitingTable waiting={waiting} limit={limit} names={names} onWhy={setWhy} />
        </section>
      </div>
      <div className="floor-side">
        <AgentWall agents={agents} lines={codes} onWhy={setIdle} />
        <Alerts alerts={floor.alerts} names={names} />
      </div>
      <BulkDrawer open={bulk} onClose={() => setBulk(false)} />
      <WhyDrawer item={why} onClose={() => setWhy(null)} />
      <IdleDrawer agent={idle} onClose={() => setIdle(null)} />
    </div>
  );
}
