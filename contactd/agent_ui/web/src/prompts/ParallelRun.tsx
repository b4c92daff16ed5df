/** A day of the PBX's own record held against what was heard of it: per queue, and each difference with its likely reason. */
import { CheckCircleOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { DatePicker, Table, Tooltip } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, Lines } from "../shell/bits";
import type { CommandError } from "../socket";
import type { OutsideCounts, OutsideDifference, OutsideRecord } from "../wire";

const ENDS = ["answered", "abandoned", "left", "open"] as const;

export function ParallelRun() {
  const words = useWords();
  const { t } = words;
  const [day, setDay] = useState<Dayjs>(() => dayjs().subtract(1, "day"));
  const date = day.format("YYYY-MM-DD");
  const found = useQuery({ queryKey: keys.outside(date), queryFn: ({ signal }) => api.outside(date, signal), retry: false });
  const own = found.data?.router;
  return (
    <>
      <div className="row prompts-bar">
        <DatePicker aria-label={t("parallel.day")} value={day} allowClear={false} disabledDate={(one) => one.isAfter(dayjs())} onChange={(one) => one && setDay(one)} />
        <span className="dim">{t("parallel.intro")}</span>
      </div>
      {found.isPending && <Lines n={6} />}
      {found.isError && <Hollow title={errorText(words, found.error as CommandError)} hint={t("parallel.noneHint")} />}
      {found.data?.missing.map((one) => (
        <p key={one} className="late">
          {t("parallel.unreadable")} {one}
        </p>
      ))}
      {own && (
        <p data-testid="own-router">
          {t("parallel.router", { answered: own.answered, contacts: own.contacts })}
          {own.wait_s !== null && ` ${t("parallel.routerWait", { s: own.wait_s })}`}
        </p>
      )}
      {found.data?.records.map((one) => (
        <Record key={one.source} one={one} />
      ))}
    </>
  );
}

function Record({ one }: { one: OutsideRecord }) {
  const { t, word } = useWords();
  const rows = [...one.lines, { line: null, ours: one.ours, theirs: one.theirs }];
  return (
    <section data-testid="outside-record" data-source={one.source}>
      <h2>
        <code>{one.source}</code>{" "}
        {one.agrees ? (
          <span className="tag parallel-same">
            <CheckCircleOutlined /> {t("parallel.agrees")}
          </span>
        ) : (
          <span className="tag late">{t("parallel.differ", { n: one.differing })}</span>
        )}
      </h2>
      {one.unread > 0 && <p className="late">{t("parallel.unread", { n: one.unread })}</p>}
      <Table
        size="small"
        rowKey={(row) => row.line ?? "*"}
        dataSource={rows}
        pagination={false}
        columns={[
          { key: "line", title: t("floor.line"), ellipsis: true, render: (_, row) => (row.line === null ? <strong>{t("parallel.all")}</strong> : row.line || "–") },
          { key: "total", title: t("parallel.total"), width: 150, align: "right", render: (_, row) => <Pair ours={row.ours} theirs={row.theirs} what="total" /> },
          ...ENDS.map((what) => ({
            key: what,
            title: word("parallel.ends", what),
            width: 150,
            align: "right" as const,
            render: (_: unknown, row: { ours: OutsideCounts; theirs: OutsideCounts }) => <Pair ours={row.ours} theirs={row.theirs} what={what} />,
          })),
        ]}
      />
      {one.differences.length > 0 && <Differences items={one.differences} />}
      {one.differing > one.differences.length && <p className="dim">{t("parallel.shown", { n: one.differences.length })}</p>}
    </section>
  );
}

/** Ours, and beside it the PBX's where that is another. */
function Pair({ ours, theirs, what }: { ours: OutsideCounts; theirs: OutsideCounts; what: keyof OutsideCounts }) {
  const { t } = useWords();
  if (ours[what] === theirs[what]) return <span className="num">{ours[what]}</span>;
  return (
    <Tooltip title={t("parallel.pair")}>
      <strong className="num late">
        {ours[what]} / {theirs[what]}
      </strong>
    </Tooltip>
  );
}

function Differences({ items }: { items: OutsideDifference[] }) {
  const { t, word } = useWords();
  return (
    <Table<OutsideDifference>
      className="parallel-differences"
      size="small"
      rowKey={(one) => `${one.id} ${one.what}`}
      dataSource={items}
      pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
      onRow={() => ({ "data-testid": "outside-difference" }) as object}
      columns={[
        { key: "at", title: t("parallel.began"), width: 110, render: (_, one) => <At at={one.began} /> },
        {
          key: "id",
          title: t("parallel.call"),
          width: 190,
          ellipsis: true,
          render: (_, one) =>
            one.contact ? (
              <button type="button" className="clear link num" onClick={() => go("work", one.contact)}>
                {one.id}
              </button>
            ) : (
              <span className="num">{one.id}</span>
            ),
        },
        { key: "line", title: t("floor.line"), width: 130, ellipsis: true, render: (_, one) => one.line || "–" },
        { key: "what", title: t("parallel.what"), width: 170, render: (_, one) => word("parallel.whats", one.what) },
        { key: "ours", title: t("parallel.ours"), width: 130, ellipsis: true, render: (_, one) => word("parallel.ends", one.ours, one.ours) || "–" },
        { key: "theirs", title: t("parallel.theirs"), width: 130, ellipsis: true, render: (_, one) => word("parallel.ends", one.theirs, one.theirs) || "–" },
        { key: "why", title: t("parallel.why"), render: (_, one) => word("outsideWhy", one.reason, one.reason) },
      ]}
    />
  );
}
