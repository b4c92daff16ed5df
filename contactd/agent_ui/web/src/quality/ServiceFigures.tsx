/** How good the service was: how soon, settled at the first go, how content, how well assessed; by agent, line or week. */
import { BarChartOutlined, DownloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, InputNumber, Segmented, Table, Tooltip } from "antd";
import { useMemo, useState } from "react";
import { duration, percent } from "../format";
import { useWords } from "../i18n";
import { Hollow, LoadFailed } from "../shell/bits";
import { fileOf, quality, type QualityRow } from "./quality";
import { Score } from "./QualityScreen";

const SPANS = [7, 30, 90] as const;

export function ServiceFigures({ judges }: { judges: boolean }) {
  const { t, word } = useWords();
  const [by, setBy] = useState(judges ? "agent" : "week");
  const [length, setLength] = useState<number>(30);
  const [days, setDays] = useState(7);
  const span = useMemo(() => spanOf(length), [length]);
  const found = useQuery({ queryKey: ["reviews", "figures", by, span, days], queryFn: ({ signal }) => quality.figures(by, span, days, signal) });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const mean = (value: number | null, of: number) => (
    <Tooltip title={t("quality.of", { n: of })}>
      <span className="num">{value === null ? "–" : value.toFixed(1)}</span>
    </Tooltip>
  );
  const row = (item: QualityRow) => item.name || (by === "channel" ? word("channel", item.key) : (item.key ?? "–"));
  return (
    <>
      <div className="row quality-bar">
        <Segmented value={by} options={["agent", "line", "channel", "week"].map((value) => ({ value, label: <span data-testid={`quality-by-${value}`}>{word("quality.by", value)}</span> }))} onChange={(value) => setBy(String(value))} />
        <Segmented value={length} options={SPANS.map((value) => ({ value, label: t("quality.lastDays", { n: value }) }))} onChange={(value) => setLength(Number(value))} />
        <label className="row">
          <span className="dim">{t("quality.again")}</span>
          <InputNumber size="small" min={1} max={90} value={days} aria-label={t("quality.again")} onChange={(value) => setDays(value ?? 7)} />
        </label>
        <span className="grow" />
        {(["csv", "xlsx"] as const).map((form) => (
          <Button key={form} icon={<DownloadOutlined />} href={fileOf(by, span, days, form)} data-testid={`quality-${form}`}>
            {form === "csv" ? "CSV" : "Excel"}
          </Button>
        ))}
      </div>
      <Table<QualityRow>
        size="small"
        rowKey={(item) => item.key ?? ""}
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<BarChartOutlined />} title={t("quality.nothing")} /> }}
        columns={[
          { key: "key", title: word("quality.by", by), ellipsis: true, render: (_, item) => row(item) },
          { key: "answered", title: t("quality.answered"), width: 100, align: "right", sorter: (a, b) => a.answered - b.answered, render: (_, item) => <span className="num">{item.answered}</span> },
          { key: "response", title: t("quality.response"), width: 120, align: "right", sorter: (a, b) => (a.response_s ?? 0) - (b.response_s ?? 0), render: (_, item) => <span className="num">{item.response_s === null ? "–" : duration(item.response_s, t("common.day"))}</span> },
          {
            key: "resolution",
            title: <Tooltip title={t("quality.resolutionWhat", { n: days })}>{t("quality.resolution")}</Tooltip>,
            width: 150,
            align: "right",
            sorter: (a, b) => (a.resolution ?? 0) - (b.resolution ?? 0),
            render: (_, item) => (
              <Tooltip title={t("quality.of", { n: item.settled })}>
                <span className="num">{percent(item.resolution)}</span>
              </Tooltip>
            ),
          },
          { key: "satisfaction", title: t("quality.satisfaction"), width: 130, align: "right", sorter: (a, b) => (a.satisfaction ?? 0) - (b.satisfaction ?? 0), render: (_, item) => mean(item.satisfaction, item.scored) },
          {
            key: "assessment",
            title: <Tooltip title={t("quality.assessmentWhat")}>{t("quality.assessment")}</Tooltip>,
            width: 130,
            align: "right",
            sorter: (a, b) => (a.assessment ?? 0) - (b.assessment ?? 0),
            render: (_, item) => (item.assessment === null ? <span className="dim">–</span> : <Score value={Math.round(item.assessment)} />),
          },
          { key: "assessed", title: t("quality.assessed"), width: 90, align: "right", render: (_, item) => <span className="num">{item.assessed}</span> },
          { key: "fatal", title: t("quality.fatal"), width: 100, align: "right", render: (_, item) => <span className={`num${item.fatal > 0 ? " late" : " dim"}`}>{item.fatal}</span> },
        ]}
      />
      <p className="dim">{t("quality.note", { n: days })}</p>
    </>
  );
}

function spanOf(days: number): { since: string; until: string } {
  const now = new Date();
  return { since: new Date(now.getFullYear(), now.getMonth(), now.getDate() - days + 1).toISOString(), until: now.toISOString() };
}
