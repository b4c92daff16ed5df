/** Months that are sealed: sealing the last ones, and what would be counted otherwise today. */
import { LockOutlined, WarningOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, DatePicker, Drawer, Popconfirm, Tag } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { errorText, useAgentName, useLineLabel, useMay } from "../desk";
import { percent } from "../format";
import { useWords } from "../i18n";
import { At, Hollow, Lines, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import { type Difference, lastMonth, reports, type Seal, ZONE } from "./reports";

interface Props {
  open: boolean;
  onClose(): void;
  /** Show the report of a month. */
  onMonth(month: string): void;
}

export function SealsDrawer({ open, onClose, onMonth }: Props) {
  const { t } = useWords();
  return (
    <Drawer open={open} onClose={onClose} size={560} title={t("reports.seals.title")} destroyOnHidden>
      <Sealing />
      <Months onMonth={onMonth} />
    </Drawer>
  );
}

function Sealing() {
  const words = useWords();
  const { t } = words;
  const may = useMay("report.seal");
  const client = useQueryClient();
  const [month, setMonth] = useState(() => lastMonth(new Date()));
  const seal = useMutation({
    mutationFn: () => reports.seal(month),
    onSuccess: () => client.invalidateQueries({ queryKey: ["report"] }),
  });
  if (!may) return null;
  return (
    <section className="seal-new">
      <p className="dim">{t("reports.seals.what")}</p>
      <div className="row reports-bar">
        <DatePicker
          picker="month"
          allowClear={false}
          value={dayjs(month)}
          aria-label={t("reports.seals.month")}
          disabledDate={(day) => !day.isBefore(dayjs(), "month")}
          onChange={(day) => day && setMonth(day.format("YYYY-MM"))}
        />
        <Popconfirm title={t("reports.seals.sure", { month })} okText={t("reports.seals.seal")} cancelText={t("common.cancel")} onConfirm={() => seal.mutate()}>
          <Button type="primary" icon={<LockOutlined />} loading={seal.isPending} data-testid="seal-month">
            {t("reports.seals.seal")}
          </Button>
        </Popconfirm>
        {seal.isError && <span className="seal-refused" role="alert">{errorText(words, seal.error as CommandError)}</span>}
      </div>
    </section>
  );
}

function Months({ onMonth }: { onMonth(month: string): void }) {
  const { t } = useWords();
  const found = useQuery({ queryKey: ["report", "seals"], queryFn: ({ signal }) => reports.seals(signal) });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  if (found.isPending) return <Lines n={4} />;
  if (found.data.items.length === 0) return <Hollow glyph={<LockOutlined />} title={t("reports.seals.none")} />;
  return (
    <ul className="seals" data-testid="seals">
      {found.data.items.map((seal) => (
        <Month key={seal.id} seal={seal} onMonth={onMonth} />
      ))}
    </ul>
  );
}

function Month({ seal, onMonth }: { seal: Seal; onMonth(month: string): void }) {
  const { t } = useWords();
  const nameOf = useAgentName();
  const [asked, setAsked] = useState(false);
  const elsewhere = seal.zone !== ZONE;
  return (
    <li className="seal">
      <div className="row">
        <Button type="link" className="seal-name num" disabled={elsewhere} onClick={() => onMonth(seal.month)}>
          {seal.month}
        </Button>
        {elsewhere && <Tag>{seal.zone}</Tag>}
        {!seal.whole && (
          <Tag color="error" icon={<WarningOutlined />}>
            {t("reports.seals.broken")}
          </Tag>
        )}
        <span className="grow" />
        <span className="dim num">{t("reports.seals.sums", { offered: seal.total.offered, level: percent(seal.total.service_level) })}</span>
      </div>
      <div className="row dim">
        <span>
          {nameOf(seal.by)} · <At at={seal.at} />
        </span>
        <span className="grow" />
        <Button size="small" onClick={() => setAsked(true)} disabled={asked} data-testid={`compare-${seal.month}`}>
          {t("reports.seals.compare")}
        </Button>
      </div>
      {asked && <Compared seal={seal} />}
    </li>
  );
}

function Compared({ seal }: { seal: Seal }) {
  const { t } = useWords();
  const found = useQuery({ queryKey: ["report", "seals", seal.month, seal.zone], queryFn: ({ signal }) => reports.sealed(seal.month, seal.zone, signal) });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  if (found.isPending) return <Lines n={2} />;
  const { differ, differences } = found.data;
  if (differ === 0) return <p>{t("reports.seals.same")}</p>;
  return (
    <>
      <p className="dim">{t("reports.seals.differ", { count: differ })}</p>
      <table className="seal-differences">
        <thead>
          <tr>
            <th>{t("reports.seals.where")}</th>
            <th>{t("reports.seals.figure")}</th>
            <th>{t("reports.seals.then")}</th>
            <th>{t("reports.seals.now")}</th>
          </tr>
        </thead>
        <tbody>
          {differences.slice(0, 40).map((one) => (
            <Row key={`${one.by}/${one.key}/${one.figure}`} one={one} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Row({ one }: { one: Difference }) {
  const { t, word } = useWords();
  const lineLabel = useLineLabel();
  const nameOf = useAgentName();
  const key = one.key ?? "";
  const where =
    one.by === "line" ? lineLabel(key) : one.by === "agent" || one.by === "agents" ? nameOf(key) : one.by === "channel" ? word("channel", key) : key || t("reports.seals.total");
  return (
    <tr>
      <td>{where}</td>
      <td>{word("reports.names", one.figure)}</td>
      <td className="num">{shown(one.sealed)}</td>
      <td className="num">{shown(one.now)}</td>
    </tr>
  );
}

function shown(value: unknown): string {
  return value === null || value === undefined ? "–" : typeof value === "object" ? "…" : String(value);
}
