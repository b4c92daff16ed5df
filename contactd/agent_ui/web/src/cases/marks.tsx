/** Small pieces of cases: the clock that ends first, priority, state. */
import { useWords } from "../i18n";
import { At, Left } from "../shell/bits";
import type { CaseTimer, CaseView } from "../wire";

/** Which states may follow which; the server decides, this only offers. */
export const MOVES: Record<string, string[]> = {
  new: ["open", "waiting_customer", "waiting_internal", "resolved"],
  open: ["waiting_customer", "waiting_internal", "resolved"],
  waiting_customer: ["open", "waiting_internal", "resolved"],
  waiting_internal: ["open", "waiting_customer", "resolved"],
  resolved: ["closed", "open"],
  closed: ["open"],
};

export const STATES = Object.keys(MOVES);
export const TYPES = ["inquiry", "service", "complaint", "feedback", "callback"];

export function Clock({ timers }: { timers: CaseTimer[] }) {
  const { t, word } = useWords();
  const late = timers.find((timer) => timer.state === "breached");
  if (late) return <span className="tag bad">{t("cases.late", { target: word("cases.targets", late.target) })}</span>;
  const next = timers.filter((timer) => timer.state === "running" && timer.due_at).sort((a, b) => (a.due_at! < b.due_at! ? -1 : 1))[0];
  if (next) {
    return (
      <span className="tag num" title={word("cases.targets", next.target)} data-testid="case-clock">
        {word("cases.targets", next.target)} <Due at={next.due_at} />
      </span>
    );
  }
  return timers.some((timer) => timer.state === "paused") ? <span className="tag">{t("cases.paused")}</span> : null;
}

/** Within a day the time that is left, else the moment. */
function Due({ at }: { at: string | null }) {
  if (at === null) return null;
  return Date.parse(at) - Date.now() < 24 * 3600 * 1000 ? <Left until={at} /> : <At at={at} />;
}

export function Priority({ level }: { level: number }) {
  const { word } = useWords();
  return level > 0 ? <span className={`tag${level > 1 ? " bad" : ""}`}>{word("cases.priorities", String(level))}</span> : null;
}

export function CaseLine({ item }: { item: CaseView }) {
  const { word } = useWords();
  return (
    <span className="case-line">
      <span className="row">
        <span className="num dim">{item.no}</span>
        <span className="tag">{word("cases.types", item.type)}</span>
        <Priority level={item.priority} />
        {item.escalation > 0 && <span className="tag bad">↑{item.escalation}</span>}
      </span>
      <span className="case-subject">{item.subject}</span>
      <span className="row dim">
        <span className="cut">{[item.party_name, item.assignee_name].filter(Boolean).join(" · ")}</span>
        <span className="grow" />
        <Clock timers={item.timers} />
      </span>
    </span>
  );
}
