/** The few numbers one reads from across the room. */
import { useTarget } from "../desk";
import { percent } from "../format";
import { useWords } from "../i18n";
import { Since, StateMark } from "../shell/bits";
import type { AgentMood, FloorView, LineView } from "../wire";
import { waitingChannels } from "../work/LineStrip";

const MOODS: AgentMood[] = ["ready", "offered", "talking", "held", "wrapup", "not_ready", "lost"];

export function Figures({ floor }: { floor: FloorView }) {
  const { t, word } = useWords();
  const sum = (field: (line: LineView) => number): number => floor.lines.reduce((total, line) => total + field(line), 0);
  const target = useTarget();
  const waiting = sum((line) => line.waiting);
  const oldest = floor.lines
    .filter((line) => line.waiting > 0 && line.oldest_at !== null)
    .sort((a, b) => (a.oldest_at ?? "").localeCompare(b.oldest_at ?? ""))[0];
  const level = serviceLevel(floor.lines);
  return (
    <header className="figures">
      <Figure id="waiting" label={t("floor.waiting")}>
        {waiting}
      </Figure>
      <Figure id="longest" label={t("floor.longest")}>
        <Since at={oldest?.oldest_at ?? null} late={oldest ? target(oldest, waitingChannels(oldest)) : null} />
      </Figure>
      <Figure id="sl" label={t("floor.sl")}>
        {percent(level)}
      </Figure>
      <Figure id="answered" label={t("floor.answered")}>
        {sum((line) => line.answered)}
      </Figure>
      <Figure id="abandoned" label={t("floor.abandoned")}>
        {sum((line) => line.abandoned)}
      </Figure>
      <div className="figures-moods">
        {MOODS.map((mood) => {
          const n = floor.agents.filter((agent) => agent.state === mood).length;
          return (
            <div key={mood} className={`figures-mood${n === 0 ? " zero" : ""}`} data-testid={`floor-mood-${mood}`}>
              <span className="num figures-n">{n}</span>
              <span className="row">
                <StateMark state={mood} />
                {word("mood", mood)}
              </span>
            </div>
          );
        })}
      </div>
    </header>
  );
}

/** Over all lines, weighted by what each answered and lost; unknown as long as nobody called. */
function serviceLevel(lines: LineView[]): number | null {
  let weight = 0;
  let reached = 0;
  for (const line of lines) {
    if (line.service_level === null) continue;
    const contacts = line.answered + line.abandoned;
    weight += contacts;
    reached += contacts * line.service_level;
  }
  return weight === 0 ? null : reached / weight;
}

function Figure({ id, label, children }: { id: string; label: string; children: React.ReactNode }) {
  return (
    <div className="figure" data-testid={`floor-figure-${id}`}>
      <span className="figure-n num">{children}</span>
      <span className="dim">{label}</span>
    </div>
  );
}
