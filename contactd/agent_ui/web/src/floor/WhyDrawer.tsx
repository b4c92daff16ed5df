/** Why an item waits or went where it went: the router's own explanation, in words. */
import { useQuery } from "@tanstack/react-query";
import { Collapse, Drawer } from "antd";
import { api, keys } from "../api";
import { useWords } from "../i18n";
import { ChannelIcon, Lines, LoadFailed, Since, StateMark } from "../shell/bits";
import type { InteractionView } from "../wire";
import { nameOf } from "../work/WorkList";
import { reasonText, useLabels } from "../work/reasons";
import { type Explanation, readExplanation } from "./explanation";

export function WhyDrawer({ item, onClose }: { item: InteractionView | null; onClose(): void }) {
  const { t } = useWords();
  return (
    <Drawer open={item !== null} onClose={onClose} size={460} title={t("floor.whyTitle")} destroyOnHidden>
      {item !== null && <Why item={item} />}
    </Drawer>
  );
}

function Why({ item }: { item: InteractionView }) {
  const { t, word } = useWords();
  const answer = useQuery({
    queryKey: keys.explain(item.id),
    queryFn: ({ signal }) => api.explain(item.id, signal),
    refetchInterval: 5000,
  });
  return (
    <div className="why" data-testid="why">
      <div className="row why-head">
        <ChannelIcon channel={item.channel} title={false} />
        <span className="grow">
          <b className="cut">{nameOf(item, t("work.noName"))}</b>
          <span className="row dim">
            <StateMark state={item.state} /> {word("state", item.state)} · <Since at={item.queued_at} />
          </span>
        </span>
      </div>
      {answer.isPending && <Lines n={6} />}
      {answer.isError && <LoadFailed again={() => void answer.refetch()} />}
      {answer.data !== undefined && <Answer explanation={readExplanation(answer.data)} raw={answer.data} />}
    </div>
  );
}

function Answer({ explanation, raw }: { explanation: Explanation; raw: unknown }) {
  const words = useWords();
  const { t, word } = words;
  const labels = useLabels();
  const { sentences, terms, score, filtered, eligible, candidates } = explanation;
  const said = sentences.map((reason) => reasonText(words, labels, reason) || reason.key).filter((text) => text !== "");
  const most = Math.max(1, ...terms.map(([, value]) => Math.abs(value)));
  return (
    <>
      {said.length > 0 && (
        <ul className="why-said">
          {said.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      {eligible !== null && (
        <p>
          <b className="num">{t("explain.eligibleN", { n: eligible })}</b>
        </p>
      )}
      {filtered.length > 0 && (
        <section>
          <h3 className="section">{t("explain.filtered")}</h3>
          {filtered.map(([name, n]) => (
            <div key={name} className="why-row">
              <span className="grow">{word("explain.removed", name)}</span>
              <span className="num">{n}</span>
            </div>
          ))}
        </section>
      )}
      {candidates.length > 0 && (
        <section>
          <h3 className="section">{t("explain.agents")}</h3>
          {candidates.map((candidate) => (
            <div key={candidate.agent} className="why-row" data-testid="why-candidate">
              <StateMark state={candidate.removedBy === null ? "ready" : "logged_out"} />
              <span className="grow cut">{candidate.name}</span>
              <span className={candidate.removedBy === null ? "" : "dim"}>
                {candidate.removedBy === null ? t("explain.eligible") : word("explain.removed", candidate.removedBy)}
              </span>
            </div>
          ))}
        </section>
      )}
      {terms.length > 0 && (
        <section>
          <h3 className="section">
            {t("explain.terms")} <span className="grow" /> <span className="num">{score === null ? "" : round(score)}</span>
          </h3>
          {terms.map(([name, value]) => (
            <div key={name} className="why-row">
              <span className="why-term">{word("explain.term", name)}</span>
              <span className="level-bar grow">
                <span className="level-fill good" style={{ width: `${(Math.abs(value) / most) * 100}%` }} />
              </span>
              <span className="num why-n">{round(value)}</span>
            </div>
          ))}
        </section>
      )}
      <Collapse
        size="small"
        ghost
        items={[{ key: "raw", label: t("explain.details"), children: <pre className="why-raw">{JSON.stringify(raw, null, 2)}</pre> }]}
      />
    </>
  );
}

function round(value: number): string {
  return (Math.round(value * 100) / 100).toString();
}
