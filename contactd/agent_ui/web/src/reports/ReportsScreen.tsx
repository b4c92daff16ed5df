/** What lines and agents did: by line, hour, day, hour of the week and agent, with the contacts behind each number. */
import { BarChartOutlined, DownloadOutlined, LockOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, DatePicker, Segmented, Select, Tooltip } from "antd";
import dayjs from "dayjs";
import { useMemo, useState } from "react";
import { CHANNELS } from "../channels";
import { useAgentName, usePolicy } from "../desk";
import { duration, percent } from "../format";
import { useWords } from "../i18n";
import { At, Hollow, Lines, LoadFailed } from "../shell/bits";
import { AgentTable } from "./AgentTable";
import { BehindDrawer, type Behind } from "./BehindDrawer";
import { Bars } from "./Bars";
import { StayTable } from "./StayTable";
import { type By, type Chosen, type Figures, fileOf, monthOf, reports, SPANS, type Span, spanOf, within } from "./reports";
import { SealsDrawer } from "./SealsDrawer";
import { Week } from "./Week";
import "./reports.css";

const VIEWS: readonly By[] = ["line", "channel", "hour", "day", "weekday_hour", "team", "agent"];

export default function ReportsScreen() {
  const { t, word } = useWords();
  const policy = usePolicy();
  const [by, setBy] = useState<By>("line");
  const [span, setSpan] = useState<Span | null>("today");
  const [time, setTime] = useState(() => spanOf("today", new Date()));
  const [line, setLine] = useState<string | null>(null);
  const [channel, setChannel] = useState<string | null>(null);
  const [behind, setBehind] = useState<Behind | null>(null);
  const [sealing, setSealing] = useState(false);
  const chosen = useMemo<Chosen>(() => ({ ...time, line, channel }), [time, line, channel]);
  const days = (Date.parse(time.until) - Date.parse(time.since)) / 86_400_000;
  return (
    <div className="reports" data-testid="reports">
      <header className="row reports-bar">
        <h1>{t("reports.title")}</h1>
        <Segmented
          value={span ?? ""}
          options={SPANS.map((value) => ({ value, label: <span data-testid={`span-${value}`}>{word("reports.spans", value)}</span> }))}
          onChange={(value) => {
            setSpan(value as Span);
            setTime(spanOf(value as Span, new Date()));
          }}
        />
        <DatePicker.RangePicker
          allowClear={false}
          value={[dayjs(time.since), dayjs(time.until).subtract(1, "ms")]}
          aria-label={t("reports.range")}
          onChange={(range) => {
            const [first, last] = range ?? [];
            if (!first || !last) return;
            setSpan(null);
            setTime({ since: first.startOf("day").toISOString(), until: last.add(1, "day").startOf("day").toISOString() });
          }}
        />
        <span className="grow" />
        <Button icon={<LockOutlined />} onClick={() => setSealing(true)} data-testid="seals-open">
          {t("reports.seals.title")}
        </Button>
        {(["csv", "xlsx"] as const).map((form) => (
          <Button key={form} icon={<DownloadOutlined />} href={fileOf(by, chosen, form)} data-testid={`report-${form}`}>
            {form === "csv" ? "CSV" : "Excel"}
          </Button>
        ))}
      </header>
      <div className="row reports-bar">
        <Segmented
          value={by}
          options={VIEWS.map((value) => ({ value, label: <span data-testid={`by-${value}`}>{word("reports.by", value)}</span>, disabled: value === "hour" && days > 62 }))}
          onChange={(value) => setBy(value as By)}
        />
        {by !== "agent" && (
          <>
            <Select
              value={line ?? ""}
              aria-label={t("reports.by.line")}
              className="reports-choice"
              options={[{ value: "", label: t("reports.everyLine") }, ...policy.lines.map((one) => ({ value: one.code, label: one.label }))]}
              onChange={(value) => setLine(value || null)}
            />
            <Select
              value={channel ?? ""}
              aria-label={t("reports.by.channel")}
              className="reports-choice"
              options={[{ value: "", label: t("reports.everyChannel") }, ...CHANNELS.map((value) => ({ value, label: word("channel", value) }))]}
              onChange={(value) => setChannel(value || null)}
            />
          </>
        )}
      </div>
      {by === "agent" ? (
        <AgentTable chosen={chosen} onOpen={setBehind} />
      ) : (
        <Stays by={by === "hour" && days > 62 ? "day" : by} chosen={chosen} onOpen={setBehind} />
      )}
      <SealsDrawer
        open={sealing}
        onClose={() => setSealing(false)}
        onMonth={(month) => {
          setSealing(false);
          setSpan(null);
          setTime(monthOf(month));
        }}
      />
      <BehindDrawer behind={behind} onClose={() => setBehind(null)} />
    </div>
  );
}

function Stays({ by, chosen, onOpen }: { by: By; chosen: Chosen; onOpen(behind: Behind): void }) {
  const { t } = useWords();
  const nameOf = useAgentName();
  const found = useQuery({ queryKey: ["report", by, chosen], queryFn: ({ signal }) => reports.stays(by, chosen, signal) });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  if (found.isPending) return <Lines n={8} />;
  const { items, total, sealed } = found.data;
  if (total.offered === 0) return <Hollow glyph={<BarChartOutlined />} title={t("reports.none")} hint={t("reports.noneHint")} />;
  const open = (number: string, key: string | null): void => {
    const part = within(by, key, chosen);
    if (part !== null) onOpen({ number, chosen: part });
  };
  return (
    <>
      <Totals total={total} onOpen={(number) => onOpen({ number, chosen })} />
      {(by === "hour" || by === "day") && <Bars by={by} items={items} />}
      {by === "weekday_hour" ? <Week items={items} /> : <StayTable by={by} items={items} onOpen={open} />}
      {sealed && (
        <p className="reports-note" data-testid="report-sealed">
          <LockOutlined /> {t("reports.seals.sealed", { who: nameOf(sealed.by) })} <At at={sealed.at} />
        </p>
      )}
      <p className="dim reports-note">{t("reports.note")}</p>
    </>
  );
}

function Totals({ total, onOpen }: { total: Figures; onOpen(number: string): void }) {
  const { t, word } = useWords();
  const seconds = (value: number | null): string => (value === null ? "–" : duration(value, t("common.day")));
  const shown: [string, string, boolean][] = [
    ["offered", String(total.offered), total.offered > 0],
    ["answered", String(total.answered), total.answered > 0],
    ["service_level", percent(total.service_level), false],
    ["answer_rate", percent(total.answer_rate), false],
    ["abandoned", String(total.abandoned), total.abandoned > 0],
    ["asa_s", seconds(total.asa_s), false],
    ["aht_s", seconds(total.aht_s), false],
  ];
  return (
    <div className="row reports-totals">
      {shown.map(([name, value, opens]) => (
        <Tooltip key={name} title={word("reports.what", name)}>
          <button type="button" className="reports-total" disabled={!opens} data-testid={`total-${name}`} onClick={() => onOpen(name)}>
            <span className="dim">{word("reports.names", name)}</span>
            <strong className="num">{value}</strong>
          </button>
        </Tooltip>
      ))}
    </div>
  );
}
