/** How much came in over time, and what became of it. */
import { Tooltip } from "antd";
import { percent } from "../format";
import { useWords } from "../i18n";
import type { By, Group } from "./reports";
import { useGroupName } from "./StayTable";

export function Bars({ by, items }: { by: By; items: Group[] }) {
  const { word } = useWords();
  const name = useGroupName(by);
  const most = Math.max(1, ...items.map((item) => item.offered));
  const every = Math.max(1, Math.ceil(items.length / 16));
  const part = (count: number): string => `${(count / most) * 100}%`;
  return (
    <div className="report-bars" role="img" aria-label={word("reports.names", "offered")}>
      {items.map((item, at) => {
        const rest = item.offered - item.answered - item.abandoned;
        return (
          <Tooltip key={item.key} title={`${name(item.key)} · ${word("reports.names", "offered")} ${item.offered} · ${word("reports.names", "service_level")} ${percent(item.service_level)}`}>
            <div className="report-bar">
              <div className="report-stack">
                <span className="rest" style={{ height: part(rest) }} />
                <span className="lost" style={{ height: part(item.abandoned) }} />
                <span className="done" style={{ height: part(item.answered) }} />
              </div>
              <span className="num report-label">{at % every === 0 ? (by === "hour" ? (item.key ?? "").slice(11, 16) : (item.key ?? "").slice(5)) : ""}</span>
            </div>
          </Tooltip>
        );
      })}
    </div>
  );
}
