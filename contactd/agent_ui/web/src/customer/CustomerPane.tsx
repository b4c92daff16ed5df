/** The customer on the right: who it is or may be, how to reach them, and one timeline over every channel. */
import { EditOutlined, FolderOpenOutlined, UserAddOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Checkbox } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { Cards } from "../commerce/Cards";
import { Drafts } from "../writeback/Drafts";
import { CaseStrip } from "../cases/CaseStrip";
import { useRun } from "../desk";
import { useWords } from "../i18n";
import { keyed } from "../keyboard";
import { KnowledgePanel } from "../knowledge/KnowledgePanel";
import { go } from "../route";
import { Face, Vip } from "../shell/bits";
import { PartyFinder } from "../shell/Search";
import type { CandidateView, CustomerHead, InteractionView, PartyView, PointView } from "../wire";
import { IdentityCheck } from "./IdentityCheck";
import { NewMail } from "./NewMail";
import { NewParty } from "./NewParty";
import { Points } from "./Points";
import { Scores } from "./Scores";
import { Timeline } from "./Timeline";
import "./customer.css";

interface Props {
  interaction: InteractionView;
  head: CustomerHead;
  readOnly?: boolean;
}

export function CustomerPane({ interaction, head, readOnly = false }: Props) {
  const { t } = useWords();
  const partyId = head.party_id ?? interaction.party_id;
  return (
    <aside className="work-right customer" aria-label={t("customer.title")} data-testid="customer" data-resolve={head.resolve_state}>
      {partyId !== null ? (
        <Known partyId={partyId} interaction={interaction} head={head} readOnly={readOnly} />
      ) : (
        <Doubtful interaction={interaction} head={head} readOnly={readOnly} />
      )}
    </aside>
  );
}

function Known({ partyId, interaction, head, readOnly }: Props & { partyId: string; readOnly: boolean }) {
  const { t, word } = useWords();
  const [changing, setChanging] = useState(false);
  const party = useQuery({ queryKey: keys.party(partyId), queryFn: ({ signal }) => api.party(partyId, signal) });
  const known = head.candidates.find((candidate) => candidate.party_id === partyId);
  const name = (party.data?.name ?? known?.name ?? interaction.customer_name) || t("work.noName");
  const kind = party.data?.kind ?? known?.kind ?? "person";
  const cases = party.data?.open_cases ?? head.open_cases;
  const points = party.data?.points ?? known?.points ?? (head.point ? [head.point] : []);
  return (
    <>
      <header className="customer-head">
        <Face name={name} kind={kind} />
        <div className="grow">
          <div className="row">
            <button type="button" className="clear customer-name cut" title={t("customer.open")} onClick={() => go("customer", partyId)}>
              {name}
            </button>
            <Vip level={party.data?.vip ?? known?.vip ?? interaction.vip} />
          </div>
          <div className="row customer-tags">
            <span className="dim">{word("customer.kinds", kind)}</span>
            <span className={`tag${head.resolve_state === "known" || head.resolve_state === "confirmed" ? " accent" : ""}`}>
              {word("resolve", head.resolve_state)}
            </span>
            {party.data?.preferences?.do_not_call && <span className="tag bad">{t("facts.doNotCall")}</span>}
            {party.data?.credit_flag && <span className="tag bad">{word("facts.flags", party.data.credit_flag)}</span>}
            {cases > 0 && (
              <span className="tag" data-testid="open-cases">
                <FolderOpenOutlined /> {t("customer.casesN", { n: cases })}
              </span>
            )}
          </div>
        </div>
        {!readOnly && (
          <Button type="text" icon={<EditOutlined />} aria-label={t("customer.change")} title={t("customer.change")} onClick={() => setChanging(!changing)} />
        )}
      </header>
      {changing && <Reassign interaction={interaction} party={partyId} point={head.point} onDone={() => setChanging(false)} />}
      {party.data && (
        <div className="customer-scores">
          <Scores party={party.data} plain />
        </div>
      )}
      {!readOnly && <IdentityCheck interaction={interaction.id} party={partyId} />}
      <Points points={points} here={head.point} party={partyId} />
      {!readOnly && (
        <CaseStrip party={partyId} interaction={interaction}>
          <NewMail party={partyId} addresses={points.filter((point) => point.kind === "email").map((point) => point.value ?? point.display)} line={interaction.line} caseId={interaction.case_id} />
        </CaseStrip>
      )}
      {!readOnly && <KnowledgePanel interaction={interaction} readOnly={false} />}
      <Cards party={partyId} />
      {!readOnly && <Drafts party={partyId} caseId={null} interaction={interaction.id} keyHere />}
      <Timeline party={partyId} head={head.timeline} current={interaction.id} />
    </>
  );
}

/** Nobody is guessed: candidates with their evidence, or a search, or a new record; the agent's click decides. */
function Doubtful({ interaction, head, readOnly }: Props & { readOnly: boolean }) {
  const { t } = useWords();
  const confirm = useConfirm(interaction);
  const [creating, setCreating] = useState(false);
  const some = head.candidates.length > 0;
  const title = some
    ? t(head.candidates.length > 1 ? "customer.who" : "customer.whoMaybe")
    : t(head.resolve_state === "anonymous" ? "customer.anonymous" : "customer.unknown");
  return (
    <div className="customer-doubt">
      <h2>{title}</h2>
      {head.point && (
        <p className="dim num">
          {head.point.display}
        </p>
      )}
      {head.candidates.map((candidate, at) => (
        <Candidate
          key={candidate.party_id}
          first={at === 0}
          candidate={candidate}
          busy={confirm.busy}
          readOnly={readOnly}
          onConfirm={() => void confirm.to(candidate.party_id)}
        />
      ))}
      {!readOnly && (
        <>
          {!some && <p className="dim">{t("customer.unknownHint")}</p>}
          <PartyFinder placeholder={t("customer.find")} testId="link-search" onPick={(party) => void confirm.to(party.id)} />
          {creating ? (
            <NewParty
              point={head.point}
              suggested={interaction.customer_name}
              onCreated={(party: PartyView) => void confirm.to(party.id)}
              onCancel={() => setCreating(false)}
            />
          ) : (
            <Button icon={<UserAddOutlined />} block data-testid="new-party" onClick={() => setCreating(true)}>
              {t("customer.create")}
            </Button>
          )}
        </>
      )}
      {!readOnly && <CaseStrip party={null} interaction={interaction} />}
      {!readOnly && <KnowledgePanel interaction={interaction} readOnly={false} />}
      {head.timeline.length > 0 && <Timeline party={null} head={head.timeline} current={interaction.id} />}
    </div>
  );
}

interface CandidateProps {
  first: boolean;
  candidate: CandidateView;
  busy: boolean;
  readOnly: boolean;
  onConfirm(): void;
}

function Candidate({ first, candidate, busy, readOnly, onConfirm }: CandidateProps) {
  const { t, word } = useWords();
  return (
    <article className="candidate" data-testid="candidate" data-party={candidate.party_id}>
      <div className="row">
        <Face name={candidate.name} kind={candidate.kind} />
        <span className="grow">
          <span className="row">
            <strong className="cut">{candidate.name}</strong>
            <Vip level={candidate.vip} />
          </span>
          <span className="dim cut candidate-points num">{candidate.points.map((point) => point.display).join(" · ")}</span>
        </span>
      </div>
      <div className="candidate-why">
        {candidate.why.map((key) => (
          <span key={key} className={`tag${key.endsWith("verified") || key.endsWith("open_case") ? " accent" : ""}`}>
            {word("claim", key.replace(/^claim\./, ""))}
          </span>
        ))}
      </div>
      {!readOnly && (
        <Button block {...(first ? keyed("Y") : {})} loading={busy} data-testid="confirm-candidate" onClick={onConfirm}>
          {t("customer.confirm")}
        </Button>
      )}
    </article>
  );
}

interface ReassignProps {
  interaction: InteractionView;
  party: string;
  point: PointView | null;
  onDone(): void;
}

/** It is somebody else: only this contact, or the address it came from, too; or nobody knows who. */
function Reassign({ interaction, party: now, point, onDone }: ReassignProps) {
  const { t } = useWords();
  const [along, setAlong] = useState(false);
  const confirm = useConfirm(interaction, along ? "move" : "none");
  const { run, busy } = useRun();
  return (
    <div className="customer-reassign">
      <PartyFinder
        placeholder={t("customer.change")}
        testId="link-search"
        autoFocus
        onPick={(party) => {
          void confirm.to(party.id).then(onDone);
        }}
      />
      {point && (
        <Checkbox checked={along} data-testid="move-point" onChange={(event) => setAlong(event.target.checked)}>
          {t("customer.movePoint", { point: point.display })}
        </Checkbox>
      )}
      <div className="customer-not">
        <Button
          size="small"
          danger
          loading={busy.has("party.deny")}
          data-testid="not-this-person"
          onClick={() => void run("party.deny", { interaction: interaction.id, party: now }, { queue: true }).then(onDone)}
        >
          {t("customer.notThis")}
        </Button>
        <span className="dim">{t("customer.notThisHint")}</span>
      </div>
    </div>
  );
}

function useConfirm(interaction: InteractionView, claim: "add" | "move" | "none" = "add"): { busy: boolean; to(party: string): Promise<void> } {
  const { run, busy } = useRun();
  return {
    busy: busy.has("party.confirm"),
    async to(party) {
      await run("party.confirm", { interaction: interaction.id, party, claim }, { queue: true });
    },
  };
}
