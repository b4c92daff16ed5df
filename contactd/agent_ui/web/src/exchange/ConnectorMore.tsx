/** More of one connector: what its system has otherwise than we, and its latest tables. */
import { Table } from "antd";
import { useWords } from "../i18n";
import { At } from "../shell/bits";
import { Counts } from "./Counts";
import { type Connector, type ConnectorRun, type Drift, fault } from "./connectors";

export function ConnectorMore({ connector }: { connector: Connector }) {
  const { t, word } = useWords();
  return (
    <div className="connector-more">
      <section data-testid="connector-drift-report">
        <h2>{t("connectors.drift")}</h2>
        {connector.drift_at === null ? (
          <p className="dim">{t("connectors.noDrift")}</p>
        ) : (
          <>
            <p className="dim">
              <At at={connector.drift_at} />
            </p>
            <Report drift={connector.drift} />
          </>
        )}
      </section>
      <section>
        <h2>{t("connectors.runs")}</h2>
        <Table<ConnectorRun>
          size="small"
          rowKey="id"
          dataSource={connector.runs}
          pagination={false}
          locale={{ emptyText: t("connectors.noRuns") }}
          columns={[
            { key: "at", title: t("exchange.at"), width: 120, render: (_, run) => <At at={run.at} /> },
            { key: "source", title: t("connectors.source"), ellipsis: true, render: (_, run) => word("connectors.sources", run.source, run.source) },
            { key: "state", title: t("exchange.state"), width: 90, render: (_, run) => word("connectors.states", run.state) },
            { key: "counts", title: t("exchange.counts"), render: (_, run) => <RunResult run={run} /> },
          ]}
        />
      </section>
    </div>
  );
}

function RunResult({ run }: { run: ConnectorRun }) {
  const { word } = useWords();
  if (run.error === "") return <Counts counts={run.counts} />;
  const { code, text } = fault(run.error);
  return <span title={text}>{word("connectors.error", code, text)}</span>;
}

function Report({ drift }: { drift: Drift }) {
  const { t, word } = useWords();
  if (drift.error !== undefined) return <p>{word("connectors.error", fault(drift.error).code, fault(drift.error).text)}</p>;
  const named = drift.named;
  const lists: [string, number, string[]][] = [
    [t("connectors.onlyTheirs"), drift.only_theirs ?? 0, named?.only_theirs ?? []],
    [t("connectors.onlyOurs"), drift.only_ours ?? 0, named?.only_ours ?? []],
    [t("connectors.differing"), drift.differing ?? 0, (named?.differing ?? []).map((one) => one.fields.map((field) => word("exchange.past", field, word("exchange.field", field, field))).join(t("connectors.and")))],
  ];
  return (
    <dl className="connector-drift">
      <dt>{t("connectors.looked")}</dt>
      <dd className="num">{drift.rows}</dd>
      {lists.map(([label, count, those]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            <b className="num">{count}</b> {count > 0 && <span className="dim">{those.slice(0, 10).join(" · ")}{count > 10 ? " …" : ""}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
