/** What agents did: contacts, times by state, offers, occupancy. */
import { TeamOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Table, Tooltip } from "antd";
import { duration, percent } from "../format";
import { usePolicy } from "../desk";
import { useWords } from "../i18n";
import { Hollow, LoadFailed } from "../shell/bits";
import type { Behind } from "./BehindDrawer";
import { type AgentFigures, type Chosen, reports } from "./reports";

const STATES = ["ready", "talking", "held", "wrapup", "not_ready"] as const;

export function AgentTable({ chosen, onOpen }: { chosen: Chosen; onOpen(behind: Behind): void }) {
  const { t, word } = useWords();
  const policy = usePolicy();
  const { since, until } = chosen;
  const found = useQuery({ queryKey: ["report", "agents", since, until], queryFn: ({ signal }) => reports.agents(chosen, signal) });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const time = (value: number | null | undefined): string => (value === null || value === undefined || value === 0 ? "–" : duration(value, t("common.day")));
  const reason = (code: string): string => policy.notReady.find((one) => one.code === code)?.label ?? (code || t("common.unknown"));
  const breaks = (item: AgentFigures): string => Object.entries(item.reasons).map(([code, spent]) => `${reason(code)} ${time(spent)}`).join(" · ");
  return (
    <Table<AgentFigures>
      size="small"
      rowKey="key"
      loading={found.isPending}
      dataSource={found.data?.items ?? []}
      pagination={false}
      locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<TeamOutlined />} title={t("reports.noAgents")} /> }}
      columns={[
        { key: "name", title: word("reports.by", "agent"), ellipsis: true, render: (_, item) => item.name },
        {
          key: "answered",
          title: word("reports.names", "answered"),
          align: "right",
          width: 90,
          sorter: (a, b) => a.answered - b.answered,
          render: (_, item) =>
            item.answered === 0 ? (
              <span className="num dim">0</span>
            ) : (
              <Button type="link" size="small" className="num" onClick={() => onOpen({ number: "answered", chosen: { since, until, line: null, channel: null, agent: item.key } })}>
                {item.answered}
              </Button>
            ),
        },
        { key: "aht", title: <Tooltip title={word("reports.what", "aht_s")}>{word("reports.names", "aht_s")}</Tooltip>, align: "right", width: 100, sorter: (a, b) => (a.aht_s ?? 0) - (b.aht_s ?? 0), render: (_, item) => <span className="num">{time(item.aht_s)}</span> },
        {
          key: "occupancy",
          title: <Tooltip title={word("reports.what", "occupancy")}>{word("reports.names", "occupancy")}</Tooltip>,
          align: "right",
          width: 100,
          sorter: (a, b) => (a.occupancy ?? 0) - (b.occupancy ?? 0),
          render: (_, item) => <span className="num">{percent(item.occupancy)}</span>,
        },
        { key: "signed", title: t("reports.signedIn"), align: "right", width: 110, sorter: (a, b) => a.signed_in_s - b.signed_in_s, render: (_, item) => <span className="num">{time(item.signed_in_s)}</span> },
        ...STATES.map((state) => ({
          key: state,
          title: word("mood", state),
          align: "right" as const,
          width: 96,
          render: (_: unknown, item: AgentFigures) => (
            <Tooltip title={state === "not_ready" ? breaks(item) : null}>
              <span className="num">{time(item.states[state])}</span>
            </Tooltip>
          ),
        })),
        { key: "missed", title: <Tooltip title={t("reports.missedWhat")}>{t("reports.missed")}</Tooltip>, align: "right", width: 90, render: (_, item) => <span className={`num${(item.offers.timed_out ?? 0) > 0 ? " late" : " dim"}`}>{item.offers.timed_out ?? 0}</span> },
        { key: "rejected", title: t("reports.rejected"), align: "right", width: 80, render: (_, item) => <span className="num dim">{item.offers.rejected ?? 0}</span> },
      ]}
    />
  );
}
