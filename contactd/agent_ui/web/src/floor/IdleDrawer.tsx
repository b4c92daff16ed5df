/** Why an agent has nothing to do: what keeps them from what waits, kind by kind, in words. */
import { useQuery } from "@tanstack/react-query";
import { Drawer } from "antd";
import { api, keys } from "../api";
import { useLineLabel } from "../desk";
import { useWords } from "../i18n";
import { ChannelIcon, Lines, LoadFailed, Since, StateMark } from "../shell/bits";
import type { AgentView } from "../wire";
import { reasonText, useLabels } from "../work/reasons";
import { type Idle, readIdle } from "./explanation";

export function IdleDrawer({ agent, onClose }: { agent: AgentView | null; onClose(): void }) {
  const { t } = useWords();
  return (
    <Drawer open={agent !== null} onClose={onClose} size={460} title={t("explain.idleTitle")} destroyOnHidden>
      {agent !== null && <Why agent={agent} />}
    </Drawer>
  );
}

function Why({ agent }: { agent: AgentView }) {
  const { word } = useWords();
  const answer = useQuery({
    queryKey: keys.explainAgent(agent.agent),
    queryFn: ({ signal }) => api.explainAgent(agent.agent, signal),
    refetchInterval: 5000,
  });
  return (
    <div className="why" data-testid="idle">
      <div className="row why-head">
        <StateMark state={agent.state} />
        <span className="grow">
          <b className="cut">{agent.name ?? agent.agent}</b>
          <span className="row dim">
            {word("mood", agent.state)} · <Since at={agent.since} />
          </span>
        </span>
      </div>
      {answer.isPending && <Lines n={4} />}
      {answer.isError && <LoadFailed again={() => void answer.refetch()} />}
      {answer.data !== undefined && <Answer idle={readIdle(answer.data)} />}
    </div>
  );
}

function Answer({ idle }: { idle: Idle }) {
  const words = useWords();
  const { t, word } = words;
  const labels = useLabels();
  const line = useLineLabel();
  const said = idle.sentences
    .map((reason) => reasonText(words, labels, { ...reason, key: reason.key.replace(/^reason\./, "explain.said.") }))
    .filter((text) => text !== "");
  return (
    <>
      <ul className="why-said">
        {said.map((text) => (
          <li key={text}>{text}</li>
        ))}
        {idle.used !== null && <li>{t("explain.idleUsed", { n: idle.used })}</li>}
      </ul>
      {idle.waiting.length > 0 && (
        <section>
          <h3 className="section">{t("explain.idleWaiting")}</h3>
          {idle.waiting.map((kind) => (
            <div key={`${kind.line} ${kind.channel} ${JSON.stringify(kind.needs)}`} className="why-row" data-testid="idle-kind">
              <ChannelIcon channel={kind.channel} />
              <span className="grow cut">
                {[line(kind.line), ...kind.needs.map(({ skill, level }) => `${labels.skill(skill)} ${level}`)].join(" · ")}
              </span>
              <span className="dim">{word("explain.removed", kind.why)}</span>
              <span className="num">{kind.count}</span>
            </div>
          ))}
        </section>
      )}
    </>
  );
}
