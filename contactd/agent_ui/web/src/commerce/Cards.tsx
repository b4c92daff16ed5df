/** Business with a customer as cards: what is open first, with the source and how old what it says is. */
import { LockOutlined, SafetyCertificateOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Collapse } from "antd";
import { api, keys } from "../api";
import { useWords } from "../i18n";
import { go } from "../route";
import { At } from "../shell/bits";
import type { RecordView } from "../wire";
import { money, useKinds } from "./words";
import "./commerce.css";

export function Cards({ party }: { party: string }) {
  const { t, word } = useWords();
  const kinds = useKinds();
  const found = useQuery({ queryKey: keys.cards(party), queryFn: ({ signal }) => api.cards(party, signal) });
  if (!found.data || found.data.items.length === 0) return null;
  const { contract, items } = found.data;
  return (
    <section className="cards" aria-label={t("commerce.title")} data-testid="commerce-cards">
      {contract && !contract.closed && (
        <button type="button" className="clear cards-contract" title={contract.entitlements.join("\n")} onClick={() => go("records", contract.id)}>
          <SafetyCertificateOutlined /> {contract.until ? t("commerce.until", { day: contract.until.slice(0, 10) }) : t("commerce.inContract")}
          {contract.standing !== "holds" && (
            <span className="tag bad" data-testid="contract-standing">
              {word("commerce.standings", contract.standing)}
            </span>
          )}
          {contract.left !== null && <span className="tag num">{t("commerce.left", { n: contract.left, of: contract.included ?? 0 })}</span>}
          {contract.entitlements.length > 0 && <span className="dim cut">{contract.entitlements.join(" · ")}</span>}
        </button>
      )}
      <Collapse
        ghost
        size="small"
        defaultActiveKey={items.slice(0, 1).map((group) => group.kind)}
        items={items.map((group) => ({
          key: group.kind,
          label: (
            <span>
              {kinds.name(group.kind)} <span className="dim num">{group.count}</span>
            </span>
          ),
          children: group.records.map((record) => <Card key={record.id} record={record} />),
        }))}
      />
    </section>
  );
}

function Card({ record }: { record: RecordView }) {
  const { t, language } = useWords();
  const kinds = useKinds();
  if (record.closed) return <Closed level={record.closed} />;
  return (
    <button type="button" className="clear record-card" data-testid="commerce-card" onClick={() => go("records", record.id)}>
      <span className="row">
        <strong className="grow cut">{record.title}</strong>
        <span className="tag">{kinds.stage(record.kind, record.stage)}</span>
      </span>
      <span className="row dim">
        <span className="num cut">{String(record.fields.number ?? record.no)}</span>
        {record.source && (
          <small className="cut grow">
            {t("commerce.asOf", { source: record.source })} <At at={record.as_of} />
          </small>
        )}
        <span className="num record-amount">{money(record.amount, record.currency, language)}</span>
      </span>
    </button>
  );
}

/** A record of which no more is shown than that there is one, until the customer proved who they are. */
export function Closed({ level }: { level: number }) {
  const { t } = useWords();
  return (
    <span className="card dim" data-testid="card-closed">
      <LockOutlined /> {t("identity.closed", { n: level })}
    </span>
  );
}
