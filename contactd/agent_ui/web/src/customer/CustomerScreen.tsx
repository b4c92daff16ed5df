/** A customer's own page, found by search: who, how to reach, everything that happened. */
import { FolderOpenOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { api, keys } from "../api";
import { Cards } from "../commerce/Cards";
import { Drafts } from "../writeback/Drafts";
import { useAgentName } from "../desk";
import { useWords } from "../i18n";
import { Face, Lines, LoadFailed, Vip } from "../shell/bits";
import { go } from "../route";
import { Consents } from "../privacy/Consents";
import { Facts } from "./Facts";
import { Links } from "./Links";
import { Merges } from "./Merges";
import { NewMail } from "./NewMail";
import { Points } from "./Points";
import { Scores } from "./Scores";
import { Timeline } from "./Timeline";
import "./customer.css";

export default function CustomerScreen({ party: id }: { party: string }) {
  const { t, word } = useWords();
  const agentName = useAgentName();
  const party = useQuery({ queryKey: keys.party(id), queryFn: ({ signal }) => api.party(id, signal) });
  if (party.isPending) return <Lines n={10} />;
  if (party.isError) return <LoadFailed again={() => void party.refetch()} />;
  const { name, kind, vip, open_cases, points, owner, language } = party.data;
  return (
    <div className="customer-page" data-testid="customer-page">
      <section className="customer customer-card">
        <header className="customer-head">
          <Face name={name} kind={kind} />
          <div className="grow">
            <div className="row">
              <h1 className="customer-name cut">{name}</h1>
              <Vip level={vip} />
            </div>
            <div className="row customer-tags">
              <span className="dim">{word("customer.kinds", kind)}</span>
              {party.data.no && (
                <span className="dim num" data-testid="customer-no">
                  {party.data.no}
                </span>
              )}
              {open_cases ? (
                <span className="tag">
                  <FolderOpenOutlined /> {t("customer.casesN", { n: open_cases })}
                </span>
              ) : null}
              {owner && (
                <span className="tag">
                  {t("customer.owner")} {agentName(owner)}
                </span>
              )}
              {(party.data.records ?? 1) > 1 && (
                <span className="tag" data-testid="records">
                  {t("merge.recordsN", { n: party.data.records ?? 1 })}
                </span>
              )}
              {language && (
                <span className="tag">
                  {t("customer.language")} {word("prompts.languages", language, language)}
                </span>
              )}
            </div>
          </div>
        </header>
        <div className="customer-scores"><Scores party={party.data} /></div>
        <Points points={points ?? []} here={null} party={id} />
        <div className="customer-acts">
          <NewMail party={id} addresses={(points ?? []).filter((point) => point.kind === "email").map((point) => point.value ?? point.display)} line={null} caseId={null} />
        </div>
        <Consents party={party.data.id} />
        <Cards party={id} />
        <Drafts party={id} keyHere />
        {party.data.preferences?.do_not_call && <p className="facts-warn tag bad">{t("facts.doNotCall")}</p>}
        <Facts party={party.data} />
        <Links party={party.data.id} />
        <Merges
          party={party.data.id}
          onSurvivor={(survivor) => {
            if (survivor !== id) go("customer", survivor);
          }}
        />
      </section>
      <section className="customer customer-wide">
        <Timeline party={id} head={[]} current={null} />
      </section>
    </div>
  );
}
