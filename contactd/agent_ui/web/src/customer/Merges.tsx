/** What was merged into this customer and split off it, each taken back with one click; and who it may be, too. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Popconfirm } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useWords } from "../i18n";
import { PartyFinder } from "../shell/Search";
import { At } from "../shell/bits";
import { MergeDialog, useUndo } from "./MergeDialog";

export function Merges({ party, onSurvivor }: { party: string; onSurvivor(id: string): void }) {
  const { t, word } = useWords();
  const queries = useQueryClient();
  const undo = useUndo();
  const [other, setOther] = useState<string | null>(null);
  const [finding, setFinding] = useState(false);
  const merges = useQuery({ queryKey: keys.merges(party), queryFn: ({ signal }) => api.merges(party, signal) });
  const pairs = useQuery({ queryKey: keys.duplicates(party), queryFn: ({ signal }) => api.duplicates(party, signal) });
  const reject = async (id: string): Promise<void> => {
    await api.decideDuplicate(id, { state: "rejected" });
    await queries.invalidateQueries({ queryKey: ["duplicates"] });
  };
  return (
    <section className="merges" aria-label={t("merge.records")}>
      {pairs.data?.items.map((pair) => {
        const twin = pair.a.party_id === party ? pair.b : pair.a;
        return (
          <div key={pair.id} className="twin" data-testid="twin">
            <div>
              {t("merge.maybe")} <strong>{twin.name}</strong>
              <div className="candidate-why">
                {pair.reasons.map((reason) => (
                  <span key={reason} className="tag">
                    {word("merge.reasons", reason)}
                  </span>
                ))}
              </div>
            </div>
            <div className="row">
              <Button size="small" type="primary" onClick={() => setOther(twin.party_id)}>
                {t("merge.compare")}
              </Button>
              <Button size="small" onClick={() => void reject(pair.id)}>
                {t("merge.distinct")}
              </Button>
            </div>
          </div>
        );
      })}
      {merges.data?.items.map((entry) => (
        <div key={entry.id} className={`merge-entry${entry.undone_at ? " dim" : ""}`} data-testid="merge-entry">
          <span className="grow cut">
            {t(entry.kind === "split" ? "merge.splitOff" : "merge.merged", { name: entry.losers.map((one) => one.name).join("、") })}
            {entry.undone_at && <span className="tag">{t("merge.undone")}</span>}
          </span>
          <At at={entry.at} />
          {!entry.undone_at && (
            <Popconfirm title={t("merge.undoAsk")} onConfirm={() => void undo(entry.id)}>
              <Button size="small" type="text" data-testid="merge-undo">
                {t("merge.undo")}
              </Button>
            </Popconfirm>
          )}
        </div>
      ))}
      {finding ? (
        <PartyFinder
          placeholder={t("merge.find")}
          testId="merge-search"
          autoFocus
          onPick={(found) => {
            setFinding(false);
            if (found.id !== party) setOther(found.id);
          }}
        />
      ) : (
        <Button size="small" type="text" data-testid="merge-start" onClick={() => setFinding(true)}>
          {t("merge.start")}
        </Button>
      )}
      {other !== null && (
        <MergeDialog
          one={party}
          other={other}
          onClose={() => setOther(null)}
          onDone={(survivor) => {
            setOther(null);
            onSurvivor(survivor);
          }}
        />
      )}
    </section>
  );
}
