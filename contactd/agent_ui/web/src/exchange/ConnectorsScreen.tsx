/** Other systems whose tables are brought in: how each stands, run now, what was left out, what differs. */
import { ApiOutlined, DiffOutlined, SyncOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Table } from "antd";
import { useState } from "react";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { At, Hollow, LoadFailed, StateMark } from "../shell/bits";
import type { CommandError } from "../socket";
import { ConnectorMore } from "./ConnectorMore";
import { Counts } from "./Counts";
import { atWork, type Connector, connectors, fault } from "./connectors";
import { LeftOut } from "./LeftOut";
import "../quarantine/quarantine.css";
import "./exchange.css";

export default function ConnectorsScreen() {
  const { t, word } = useWords();
  const [left, setLeft] = useState<string | null>(null);
  const found = useQuery({
    queryKey: ["connectors"],
    queryFn: ({ signal }) => connectors.list(signal),
    refetchInterval: (query) => (query.state.data?.items.some(atWork) ? 2000 : 15_000),
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <div className="quarantine exchange" data-testid="connectors">
      <header>
        <h1>{t("connectors.title")}</h1>
        <p className="dim">{t("connectors.intro")}</p>
      </header>
      <Table<Connector>
        size="small"
        rowKey="name"
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        onRow={(one) => ({ "data-testid": "connector-row", "data-name": one.name }) as object}
        expandable={{
          columnTitle: <span className="sr">{t("connectors.drift")}</span>,
          expandedRowRender: (one) => <ConnectorMore connector={one} />,
          expandIcon: ({ expanded, onExpand, record }) => (
            <Button size="small" type="text" aria-expanded={expanded} onClick={(event) => onExpand(record, event)} data-testid="connector-more">
              {expanded ? "▾" : "▸"}
              <span className="sr">{t("connectors.more", { name: record.name })}</span>
            </Button>
          ),
        }}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<ApiOutlined />} title={t("connectors.none")} /> }}
        columns={[
          {
            key: "name",
            title: t("connectors.name"),
            render: (_, one) => (
              <>
                <b>{one.name}</b>
                <div className="dim">
                  {word("connectors.kinds", one.kind)} · {word("exchange.objects", one.object)}
                </div>
              </>
            ),
          },
          { key: "state", title: t("exchange.state"), render: (_, one) => <State one={one} /> },
          { key: "ok", title: t("connectors.lastSuccess"), width: 130, render: (_, one) => (one.ok_at === null ? <span className="dim">{t("connectors.never")}</span> : <At at={one.ok_at} />) },
          { key: "next", title: t("connectors.next"), width: 130, render: (_, one) => <Next one={one} /> },
          { key: "counts", title: t("connectors.lastRun"), render: (_, one) => one.runs[0] && <Counts counts={one.runs[0].counts} /> },
          {
            key: "left",
            title: t("connectors.leftOut"),
            width: 120,
            align: "end",
            render: (_, one) =>
              one.left_out > 0 && (
                <Button size="small" danger onClick={() => setLeft(one.name)} data-testid="connector-left-out">
                  {t("connectors.rows", { n: one.left_out })}
                </Button>
              ),
          },
          { key: "do", title: <span className="sr">{t("connectors.runNow")}</span>, width: 230, align: "end", render: (_, one) => <Acts one={one} /> },
        ]}
      />
      {left !== null && <LeftOut name={left} onClose={() => setLeft(null)} />}
    </div>
  );
}

function State({ one }: { one: Connector }) {
  const { t, word } = useWords();
  if (atWork(one)) return <span>{t("connectors.atWork")}</span>;
  if (one.error === "") return one.ok_at === null ? <span className="dim">{t("connectors.waiting")}</span> : <span>{t("connectors.well")}</span>;
  const { code, text } = fault(one.error);
  return (
    <span className="connector-fault" title={text}>
      <StateMark state="lost" /> {word("connectors.error", code, text)}
      {one.failures > 1 && <span className="dim"> · {t("connectors.failures", { n: one.failures })}</span>}
    </span>
  );
}

function Next({ one }: { one: Connector }) {
  const { t } = useWords();
  if (one.kind === "push") return <span className="dim">{t("connectors.sent")}</span>;
  if (one.every_minutes === 0) return <span className="dim">{t("connectors.byHand")}</span>;
  return one.next_at === null ? null : <At at={one.next_at} />;
}

function Acts({ one }: { one: Connector }) {
  const words = useWords();
  const { t } = words;
  const may = useMay("import.run");
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  if (!may || one.kind === "push") return null;
  const ask = async (what: "run" | "drift"): Promise<void> => {
    try {
      await connectors[what](one.name);
      message.success(t(what === "run" ? "connectors.asked" : "connectors.comparing"));
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
    await queries.invalidateQueries({ queryKey: ["connectors"] });
  };
  return (
    <span className="row" style={{ justifyContent: "flex-end" }}>
      <Button size="small" icon={<DiffOutlined />} onClick={() => void ask("drift")} data-testid="connector-drift">
        {t("connectors.compare")}
      </Button>
      <Button size="small" icon={<SyncOutlined />} loading={atWork(one)} onClick={() => void ask("run")} data-testid="connector-run">
        {t("connectors.runNow")}
      </Button>
    </span>
  );
}
