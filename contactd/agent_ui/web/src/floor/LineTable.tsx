/** Lines: what waits by channel, the longest wait, who is ready, how well it goes.  A click shows only that line below. */
import { ApartmentOutlined } from "@ant-design/icons";
import { memo } from "react";
import { lookOf } from "../channels";
import { useLineLabel, useTarget } from "../desk";
import { percent, waitRange } from "../format";
import { useWords } from "../i18n";
import { Hollow, Since } from "../shell/bits";
import type { LineView } from "../wire";
import { waitingChannels } from "../work/LineStrip";

interface Props {
  lines: LineView[];
  chosen: string | null;
  onChoose(line: string): void;
}

export const LineTable = memo(function LineTable({ lines, chosen, onChoose }: Props) {
  const { t } = useWords();
  if (lines.length === 0) {
    return (
      <div className="floor-hollow">
        <Hollow glyph={<ApartmentOutlined />} title={t("floor.linesEmpty")} />
      </div>
    );
  }
  return (
    <table className="grid">
      <thead>
        <tr>
          <th>{t("floor.line")}</th>
          <th className="r">{t("floor.waiting")}</th>
          <th>{t("floor.channel")}</th>
          <th className="r">{t("floor.longest")}</th>
          <th className="r">{t("floor.expected")}</th>
          <th className="r">{t("floor.ready")}</th>
          <th>{t("floor.sl")}</th>
          <th className="r">{t("floor.answered")}</th>
          <th className="r">{t("floor.abandoned")}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <Row key={line.line} line={line} on={chosen === line.line} onChoose={onChoose} />
        ))}
      </tbody>
    </table>
  );
});

const Row = memo(function Row({ line, on, onChoose }: { line: LineView; on: boolean; onChoose(line: string): void }) {
  const { t, word } = useWords();
  const label = useLineLabel()(line.line);
  const late = useTarget()(line, waitingChannels(line));
  const starved = line.waiting > 0 && line.ready === 0;
  return (
    <tr className={on ? "on" : ""} data-testid="floor-line-row" data-line={line.line} aria-selected={on} onClick={() => onChoose(line.line)}>
      <td>
        <button type="button" className="clear row" aria-pressed={on}>
          <span className="cut line-name">{label}</span>
          {!line.open && <span className="tag bad">{t("floor.closed")}</span>}
        </button>
      </td>
      <td className={`r num strong${line.waiting > 0 ? "" : " zero"}`} data-testid="line-waiting">
        {line.waiting}
      </td>
      <td>
        <span className="by-channel">
          {Object.entries(line.by_channel)
            .filter(([, n]) => n > 0)
            .sort(([a], [b]) => a.localeCompare(b))
            .map(([channel, n]) => (
              <span key={channel} title={word("channel", channel)} className="num">
                {lookOf(channel).icon} {n}
              </span>
            ))}
        </span>
      </td>
      <td className="r">
        <Since at={line.waiting > 0 ? line.oldest_at : null} near={late === null ? null : late * 0.7} late={late} />
      </td>
      <td className="r num" data-testid="line-expected">
        {line.waiting > 0 || (line.wait_p50_s ?? 0) > 0 ? waitRange(line.wait_p50_s, line.wait_p90_s, t("common.day"), t("floor.unknown")) : ""}
      </td>
      <td className={`r num${starved ? " late" : ""}`}>{line.ready}</td>
      <td>
        <Level share={line.service_level} target={line.sla_s} />
      </td>
      <td className="r num">{line.answered}</td>
      <td className={`r num${line.abandoned > 0 ? "" : " zero"}`}>{line.abandoned}</td>
    </tr>
  );
});

function Level({ share, target }: { share: number | null; target: number | null }) {
  const { t } = useWords();
  const tone = share === null ? "none" : share >= 0.8 ? "good" : share >= 0.6 ? "mid" : "low";
  return (
    <span className="level" title={target === null ? undefined : t("floor.inTarget", { s: target })}>
      <span className="level-bar">
        <span className={`level-fill ${tone}`} style={{ width: `${Math.round((share ?? 0) * 100)}%` }} />
      </span>
      <span className="num level-n">{percent(share)}</span>
    </span>
  );
}
