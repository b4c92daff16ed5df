/** One draft: what it says, how it stands, what the other system answered. */
import { useWords } from "../i18n";
import { At } from "../shell/bits";
import { DraftActs } from "./DraftActs";
import type { Draft, Payload } from "./drafts";

const BAD = ["refused", "failed"];

/** What a draft says, in one line. */
export function summary(payload: Payload): string {
  const lines = (payload.lines ?? []).map((line) => `${line.item} × ${line.quantity}`);
  const address = ["province", "city", "district", "street", "postal_code", "name", "phone"].map((part) => payload.address?.[part]).filter(Boolean);
  return [payload.reference, lines.join("、"), address.join(" "), payload.reason, payload.note].filter(Boolean).join(" · ");
}

export function DraftState({ item }: { item: Draft }) {
  const { t, word } = useWords();
  return (
    <span className={`tag${BAD.includes(item.state) ? " bad" : item.state === "done" ? " accent" : ""}`} data-testid="draft-state" data-state={item.state} title={item.maybe ? t("writeback.maybe") : ""}>
      {word("writeback.states", item.state)}
    </span>
  );
}

export function DraftCard({ item }: { item: Draft }) {
  const { word } = useWords();
  return (
    <div className="record-card draft-card" data-testid="draft-card">
      <span className="row">
        <strong className="grow cut">
          {word("writeback.kinds", item.kind)} {item.number}
        </strong>
        <DraftState item={item} />
      </span>
      <span className="dim">{summary(item.payload)}</span>
      {item.last_error !== "" && <span className="tag bad draft-error">{item.last_error}</span>}
      <span className="row dim">
        <small className="grow cut">
          {item.connector} · {item.author_name} · <At at={item.created_at} />
        </small>
        <DraftActs item={item} />
      </span>
    </div>
  );
}
