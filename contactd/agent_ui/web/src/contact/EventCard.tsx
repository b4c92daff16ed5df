/** An invitation as a card: what, when, where, by whom; in the agent's own time where the mail says a moment of the world's. */
import { CalendarOutlined } from "@ant-design/icons";
import { fullMoment } from "../format";
import { useWords } from "../i18n";

export function EventCard({ event }: { event: Record<string, string> }) {
  const { t, word } = useWords();
  const rows = (
    [
      ["when", span(shown(event.from), shown(event.to))],
      ["where", event.where],
      ["by", event.by],
    ] as const
  ).filter(([, value]) => value);
  return (
    <section className={`event-card${event.method === "cancel" ? " off" : ""}`} data-testid="event-card" aria-label={t("event.title")}>
      <CalendarOutlined />
      <div className="grow">
        <div className="row">
          <strong className="cut">{event.what || t("event.title")}</strong>
          {event.method && <span className="tag">{word("event.method", event.method)}</span>}
        </div>
        {rows.map(([name, value]) => (
          <div key={name}>
            <span className="dim">{t(`event.${name}`)}</span> {value}
            {name === "when" && event.repeats && <span className="dim"> {t("event.repeats")}</span>}
          </div>
        ))}
      </div>
    </section>
  );
}

/** Both ends; what they have in common, the day and the zone, is said once. */
function span(from: string, to: string): string {
  const [day, time, ...zone] = from.split(" ");
  const [otherDay, otherTime, ...otherZone] = to.split(" ");
  if (!time || !otherTime || day !== otherDay || zone.join(" ") !== otherZone.join(" ")) return [from, to].filter(Boolean).join(" – ");
  return [day, `${time} – ${otherTime}`, ...zone].join(" ");
}

function shown(at: string | undefined): string {
  if (!at) return "";
  return /T\d\d:\d\dZ$/.test(at) ? fullMoment(at.replace("Z", ":00Z")).slice(0, 16) : at.replace("T", " ");
}
