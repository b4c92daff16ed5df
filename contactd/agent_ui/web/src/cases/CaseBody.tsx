/** A case: where it stands, its clocks with the reason of each, its steps, what happened, and what may be done. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Select, Switch } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { AskApproval } from "../approvals/AskApproval";
import { Drafts } from "../writeback/Drafts";
import { errorText, useConsole } from "../desk";
import { fullMoment } from "../format";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Lines } from "../shell/bits";
import type { CommandError } from "../socket";
import type { CaseEvent, CaseView } from "../wire";
import { Clock, MOVES } from "./marks";
import { Steps } from "./Steps";
import "./cases.css";

const STAGES: Record<string, string[]> = {
  received: ["acknowledged", "investigating"],
  acknowledged: ["investigating", "answered"],
  investigating: ["answered"],
  answered: ["appealed"],
  appealed: ["investigating", "answered"],
};

export function CaseBody({ item }: { item: CaseView }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const me = useConsole((view) => view.me?.agent);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const act = async (doing: Promise<CaseView | null>): Promise<void> => {
    setBusy(true);
    try {
      const done = await doing;
      if (done) queries.setQueryData(keys.case(item.id), done);
      setText("");
      await queries.invalidateQueries({ queryKey: ["cases"] });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="case-body" data-testid="case-body">
      <h1>{item.subject}</h1>
      {item.body && <p className="case-text">{item.body}</p>}
      <dl className="case-facts">
        <dt>{t("customer.title")}</dt>
        <dd>
          {item.party_id ? (
            <Button type="link" size="small" onClick={() => go("customer", item.party_id)}>
              {item.party_name || t("work.noName")}
            </Button>
          ) : (
            "–"
          )}
        </dd>
        <dt>{t("cases.assignee")}</dt>
        <dd>
          <Assignee item={item} onPick={(assignee) => void act(api.changeCase(item.id, { assignee, row_version: item.row_version }))} />
        </dd>
        <dt>{t("cases.due")}</dt>
        <dd>
          <Clock timers={item.timers} />{" "}
          <Button type="link" size="small" data-testid="case-why" onClick={() => setOpen(!open)}>
            {t("cases.why")}
          </Button>
        </dd>
        {item.stage && (
          <>
            <dt>{t("cases.stage")}</dt>
            <dd className="row">
              {word("cases.stages", item.stage)}
              {(STAGES[item.stage] ?? []).map((stage) => (
                <Button key={stage} size="small" onClick={() => void act(api.moveCase(item.id, { stage, text }))}>
                  → {word("cases.stages", stage)}
                </Button>
              ))}
            </dd>
          </>
        )}
      </dl>
      {open && <Why id={item.id} />}
      <Steps item={item} busy={busy} onSave={(checklist) => void act(api.changeCase(item.id, { checklist, row_version: item.row_version }))} />
      {(item.links ?? []).map((link) => (
        <p key={`${link.kind} ${link.way} ${link.id}`} className="row">
          <span className="dim">{word(link.way === "to" ? "cases.links" : "cases.linksBack", link.kind)}</span>
          <Button size="small" type="link" onClick={() => go("cases", link.id)}>
            {link.no} {link.subject}
          </Button>
        </p>
      ))}
      {item.parts && item.parts.length > 0 && (
        <p className="row">
          {t("cases.parts")}
          {item.parts.map((part) => (
            <Button key={part.id} size="small" type="link" onClick={() => go("cases", part.id)}>
              {part.no} {word("cases.states", part.state)}
            </Button>
          ))}
        </p>
      )}
      <Input.TextArea rows={2} value={text} placeholder={t("cases.notePlaceholder")} data-testid="case-note" onChange={(event) => setText(event.target.value)} />
      <div className="row case-acts">
        <Button size="small" loading={busy} disabled={text.trim() === ""} onClick={() => void act(api.noteCase(item.id, { text }))}>
          {t("cases.addNote")}
        </Button>
        {(MOVES[item.state] ?? []).map((state) => (
          <Button
            key={state}
            size="small"
            type={state === "resolved" || state === "closed" ? "primary" : "default"}
            loading={busy}
            data-testid={`case-to-${state}`}
            onClick={() => void act(api.moveCase(item.id, { state, text, row_version: item.row_version }))}
          >
            {word(state === "open" && (item.state === "resolved" || item.state === "closed") ? "cases.reopen" : "cases.to", state)}
          </Button>
        ))}
        <Button size="small" danger loading={busy} onClick={() => void act(api.escalateCase(item.id, { text }))}>
          {t("cases.escalate")}
        </Button>
        {item.state === "resolved" && item.type === "complaint" && <AskApproval label={t("approvals.askClosing")} what={{ kind: "case_close", case: item.id }} />}
      </div>
      {item.party_id && <Drafts party={item.party_id} caseId={item.id} />}
      <ol className="case-events">
        {[...(item.events ?? [])].reverse().map((event) => (
          <li key={event.seq}>
            <span className="row">
              <span className="dim cut grow">
                {what(words, event)} {event.actor && `· ${event.actor}`}
              </span>
              <span className="dim">
                <At at={event.at} />
              </span>
            </span>
            {event.text && <span className="case-text">{event.text}</span>}
          </li>
        ))}
      </ol>
      <label className="row dim">
        <Switch size="small" checked={(item.watchers ?? []).includes(me ?? "")} onChange={(on) => void act(api.watchCase(item.id, on))} /> {t("cases.watch")}
      </label>
    </div>
  );
}

function Assignee({ item, onPick }: { item: CaseView; onPick(agent: string): void }) {
  const { t } = useWords();
  const agents = useQuery({ queryKey: keys.agents, queryFn: ({ signal }) => api.agents(signal) });
  const options = (agents.data?.items ?? []).map((agent) => ({ value: agent.agent, label: agent.name }));
  return (
    <Select
      size="small"
      showSearch={{ optionFilterProp: "label" }}
      style={{ width: 180 }}
      value={item.assignee}
      placeholder={t("cases.nobody")}
      aria-label={t("cases.assignee")}
      options={options}
      onChange={onPick}
    />
  );
}

/** Why each clock ends when it ends: open time, pauses, days passed over. */
function Why({ id }: { id: string }) {
  const { t, word, language } = useWords();
  const found = useQuery({ queryKey: [...keys.case(id), "why"], queryFn: ({ signal }) => api.caseWhy(id, signal) });
  if (!found.data) return <Lines n={3} />;
  return (
    <div className="case-why" data-testid="case-why-text">
      {found.data.items[0]?.contract && (
        <p data-testid="case-contract">
          {t("cases.byContract", { no: found.data.items[0].contract.no, level: (language === "en" ? found.data.items[0].contract.label.en : found.data.items[0].contract.label.zh) ?? found.data.items[0].contract.level ?? "" })}
        </p>
      )}
      {(found.data.items[0]?.not_covered_by ?? []).map((one) => (
        <p key={one.id} className="dim">
          {one.no}: {word("commerce.standings", one.why)}
        </p>
      ))}
      {found.data.items.map((clock) => (
        <div key={clock.target}>
          <strong>{word("cases.targets", clock.target)}</strong>{" "}
          {t("cases.spanOf", { span: String(Math.round(clock.span_s / 360) / 10), from: fullMoment(clock.started_at) })}
          <ul>
            {clock.stretches.map((one) => (
              <li key={one.from} className="num">
                {fullMoment(one.from)} – {fullMoment(one.to)}
              </li>
            ))}
            {clock.pauses.map((one) => (
              <li key={one.from} className="dim num">
                {t("cases.pausedFrom", { from: fullMoment(one.from), to: one.to ? fullMoment(one.to) : "…" })}
              </li>
            ))}
            {clock.passed_over.map((one) => (
              <li key={one.day} className="dim num">
                {one.day} {one.name[language === "en" ? "en" : "zh"] ?? one.kind}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}

function what(words: ReturnType<typeof useWords>, event: CaseEvent): string {
  const { word } = words;
  const name = word("cases.events", event.type);
  const to = event.data.to;
  if ((event.type === "moved" || event.type === "reopened") && typeof to === "string") return `${name} ${word("cases.states", to)}`;
  if (event.type === "stage" && typeof to === "string") return `${name} ${word("cases.stages", to)}`;
  return name;
}
