/** Why an item waits or went where it went: the router's own explanation, in words. */
import { useQuery } from "@tanstack/react-query";
import { Collapse, Drawer } from "antd";
import { api, keys } from "../api";
import { useAgentName } from "../desk";
import { duration } from "../format";
import { useWords } from "../i18n";
import { At, ChannelIcon, Lines, LoadFailed, Since, StateMark } from "../shell/bits";
import { useNow } from "../ticker";
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
  const { t, word } = useWords();
  const names = useAgentName();
  const { terms, score, filters, free, offers } = explanation;
  const facts = useFacts(explanation);
  const most = Math.max(1, ...terms.map(([, value]) => Math.abs(value)));
  return (
    <>
      {facts.length > 0 && (
        <ul className="why-said">
          {facts.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      {free !== null && (
        <section>
          <h3 className="section">{t("explain.agents")}</h3>
          <div className={`why-row${free > 0 ? " why-free" : ""}`}>
            <StateMark state={free > 0 ? "ready" : "logged_out"} />
            <span className="grow">{t("explain.eligible")}</span>
            <b className="num">{free}</b>
          </div>
          {filters.map(([name, n]) => (
            <div key={name} className="why-row" data-testid="why-filter">
              <StateMark state="not_ready" />
              <span className="grow">{word("explain.removed", name)}</span>
              <span className="num">{n}</span>
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
      {offers !== null && (
        <section>
          <h3 className="section">{t("explain.offers")}</h3>
          {offers.length === 0 && <p className="dim why-row">{t("explain.noOffers")}</p>}
          {offers.map((offer) => (
            <div key={`${offer.agent}${offer.at}`} className="why-row" data-testid="why-offer">
              <span className="num dim">
                <At at={offer.at} />
              </span>
              <span className="grow cut">{names(offer.agent)}</span>
              <span>
                {offer.outcome === null ? word("state", "offered") : word("offer.ended", offer.reason, word("outcome", offer.outcome))}
              </span>
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

/** Where it stands, in sentences. */
function useFacts({ sentences, position, step, needs, waitsFor }: Explanation): string[] {
  const words = useWords();
  const { t, language } = words;
  const labels = useLabels();
  const names = useAgentName();
  const now = useNow();
  const joint = language === "en" ? ", " : "，";
  const next = step?.nextAt ? Math.max(0, (Date.parse(step.nextAt) - now) / 1000) : null;
  const skills = needs.map(({ skill, level }) => `${labels.skill(skill)} ${level}`).join(joint);
  return [
    position && t("explain.position", { n: position[0], total: position[1] }),
    skills !== "" && t("explain.needs", { skills }),
    step && step.of > 1 && t("explain.stepNow", { n: step.n, total: step.of }),
    next !== null && t("explain.nextStep", { in: duration(next, t("common.day")) }),
    waitsFor && t("explain.waitsFor", { agent: names(waitsFor) }),
    ...sentences.map((reason) => {
      // The same facts are told to the agent as "you"; here somebody else reads them.
      const key = reason.key.replace(/^reason\./, "explain.said.");
      return reasonText(words, labels, { ...reason, key }) || reasonText(words, labels, reason);
    }),
  ].filter((text): text is string => typeof text === "string" && text !== "");
}

function round(value: number): string {
  return (Math.round(value * 100) / 100).toString();
}
