/** The week as it is met: weekdays by hours, darker where more comes in. */
import { Tooltip } from "antd";
import { Fragment } from "react";
import { percent } from "../format";
import { useWords } from "../i18n";
import { type Group, weekOf } from "./reports";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

export function Week({ items }: { items: Group[] }) {
  const { word } = useWords();
  const most = Math.max(1, ...items.map((item) => item.offered));
  return (
    <div className="report-week" data-testid="report-week">
      <span />
      {HOURS.map((hour) => (
        <span key={hour} className="num dim">
          {hour}
        </span>
      ))}
      {weekOf(items).map((day, at) => (
        <Fragment key={at}>
          <span className="report-day">{word("reports.weekday", String(at + 1))}</span>
          {day.map((item, hour) => (
            <Tooltip
              key={hour}
              title={item && `${word("reports.names", "offered")} ${item.offered} · ${word("reports.names", "service_level")} ${percent(item.service_level)} · ${word("reports.names", "abandoned")} ${item.abandoned}`}
            >
              <span className="num report-hour">
                {item !== null && <i style={{ opacity: 0.12 + 0.68 * (item.offered / most) }} />}
                <b>{item?.offered ?? ""}</b>
              </span>
            </Tooltip>
          ))}
        </Fragment>
      ))}
    </div>
  );
}
