/** My queues at a glance: how many wait, the longest wait; from the same live figures as the floor. */
import { useConsole, useLineLabel, useTarget } from "../desk";
import { useWords } from "../i18n";
import { Since } from "../shell/bits";
import type { LineView } from "../wire";

const NONE: LineView[] = [];

export function waitingChannels(line: LineView): string[] {
  return Object.keys(line.by_channel).filter((channel) => (line.by_channel[channel] ?? 0) > 0);
}

export function LineStrip() {
  const { t } = useWords();
  const mine = useConsole((state) => state.me.lines);
  const all = useConsole((state) => state.floor.lines) ?? NONE;
  const label = useLineLabel();
  const target = useTarget();
  const lines = mine === null || mine.includes("*") || mine.length === 0 ? all : all.filter((line) => mine.includes(line.line));
  if (lines.length === 0) return null;
  return (
    <section className="lines" data-testid="my-lines">
      <h2 className="section">
        {t("work.queues")}
        <span className="grow" />
        <span>{t("floor.waiting")}</span>
        <span className="lines-longest">{t("work.longest")}</span>
      </h2>
      {lines.map((line) => (
        <div key={line.line} className="lines-row">
          <span className="cut grow">{label(line.line)}</span>
          <span className={`num lines-n${line.waiting > 0 ? " some" : ""}`}>{line.waiting}</span>
          <span className="lines-longest">
            <Since at={line.waiting > 0 ? line.oldest_at : null} late={target(line, waitingChannels(line))} />
          </span>
        </div>
      ))}
    </section>
  );
}
