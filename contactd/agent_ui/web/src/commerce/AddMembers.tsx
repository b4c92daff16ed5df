/** Adding to a campaign: a whole segment, part by part with how far it is, or one customer. */
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Progress, Select } from "antd";
import { useRef, useState } from "react";
import { api } from "../api";
import { segmentName, useSegments } from "../customer/Scores";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import { PartyFinder } from "../shell/Search";
import type { CommandError } from "../socket";

/** Looked at in one request: small enough that the bar moves, and that stopping is soon. */
const PART = 500;

export function AddMembers({ id }: { id: string }) {
  const words = useWords();
  const { t, language } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const segments = useSegments();
  const [segment, setSegment] = useState<string | null>(null);
  const [going, setGoing] = useState<number | null>(null);
  const stopped = useRef(false);
  const of = segments.data?.items.find((one) => one.key === segment)?.count ?? 0;
  const add = async (whom: object): Promise<void> => {
    stopped.current = false;
    setGoing(0);
    const sum = { n: 0, already: 0, out: 0 };
    let looked = 0;
    let after: string | null = null;
    try {
      do {
        const told: Awaited<ReturnType<typeof api.addMembers>> = await api.addMembers(id, { ...whom, after, most: PART });
        sum.n += told?.added ?? 0;
        sum.already += told?.already ?? 0;
        sum.out += Object.values(told?.left_out ?? {}).reduce((all, n) => all + n, 0);
        looked += told?.looked_at ?? 0;
        after = told?.after ?? null;
        setGoing(looked);
      } while (after !== null && !stopped.current);
      message.success(t("campaigns.added", sum));
      if (after !== null) message.info(t("campaigns.stopped", { n: looked, of }));
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setGoing(null);
      await queries.invalidateQueries({ queryKey: ["campaign", id] });
    }
  };
  if (going !== null && of > PART) {
    return (
      <div className="row" data-testid="campaign-adding">
        <Progress className="grow" size="small" percent={Math.min(100, Math.round((100 * going) / of))} format={() => t("campaigns.going", { n: going, of })} />
        <Button size="small" onClick={() => (stopped.current = true)}>
          {t("campaigns.stop")}
        </Button>
      </div>
    );
  }
  return (
    <>
      <div className="row">
        <Select
          placeholder={t("segments.one")}
          aria-label={t("segments.one")}
          value={segment ?? undefined}
          style={{ minWidth: 200 }}
          options={(segments.data?.items ?? []).map((one) => ({ value: one.key, label: `${segmentName(segments.data, one.key, language)} (${t("segments.count", { n: one.count })})` }))}
          onChange={setSegment}
        />
        <Button loading={going !== null} disabled={segment === null} data-testid="campaign-add-segment" onClick={() => void add({ segment })}>
          {t("campaigns.addSegment")}
        </Button>
      </div>
      <PartyFinder placeholder={t("campaigns.addOne")} testId="campaign-add-one" onPick={(party) => void add({ parties: [party.id] })} />
    </>
  );
}
