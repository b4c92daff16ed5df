/** How many rows came to which end. */
import { useWords } from "../i18n";
import { ordered } from "./files";

const BAD = ["error", "ambiguous", "kept"];

export function Counts({ counts }: { counts: Record<string, number> }) {
  const { word } = useWords();
  return (
    <span className="exchange-counts" data-testid="import-counts">
      {ordered(counts).map(([status, n]) => (
        <span key={status} className={`tag${BAD.includes(status) ? " bad" : ""}`}>
          {word("exchange.status", status)} <b className="num">{n}</b>
        </span>
      ))}
    </span>
  );
}
