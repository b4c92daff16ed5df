/** Customers taken out: which, in what form; telephone numbers as whoever asks may see them. */
import { DownloadOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Checkbox, Input, Select } from "antd";
import { useState } from "react";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import { segmentName, useSegments } from "../customer/Scores";
import type { CommandError } from "../socket";
import { files } from "./files";

const LIFECYCLES = ["", "prospect", "customer", "former", "unknown"];
const COLUMNS = ["id", "external_id", "kind", "name", "organisation", "title", "mobile", "office_phone", "phone", "fax", "email", "lifecycle", "vip", "owner", "tags", "no", "value_class", "value", "contact_class", "contacts", "segments", "province", "city", "street"];

export function ExportForm() {
  const words = useWords();
  const { t, word, language } = words;
  const { message } = AntApp.useApp();
  const [form, setForm] = useState("csv");
  const [q, setQ] = useState("");
  const [lifecycle, setLifecycle] = useState("");
  const [vip, setVip] = useState(0);
  const [segment, setSegment] = useState("");
  const segments = useSegments();
  const [toCall, setToCall] = useState(false);
  const [columns, setColumns] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const take = async (): Promise<void> => {
    setBusy(true);
    try {
      await files.export({ form, q: q.trim(), lifecycle, vip, segment, to_call: toCall, columns });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="exchange-door">
      <h2>{t("exchange.take")}</h2>
      <div className="exchange-form">
        <Input value={q} placeholder={t("exchange.takeWho")} allowClear onChange={(event) => setQ(event.target.value)} />
        <Select
          value={lifecycle}
          aria-label={t("exchange.lifecycle")}
          options={LIFECYCLES.map((one) => ({ value: one, label: one === "" ? t("exchange.anyLifecycle") : word("exchange.lifecycles", one) }))}
          onChange={setLifecycle}
        />
        <Select
          value={vip}
          aria-label="VIP"
          options={[0, 1, 2, 3].map((one) => ({ value: one, label: one === 0 ? t("exchange.anyVip") : t("exchange.fromVip", { n: one }) }))}
          onChange={setVip}
        />
        {(segments.data?.items.length ?? 0) > 0 && (
          <Select
            value={segment}
            aria-label={t("segments.one")}
            options={["", ...(segments.data?.items ?? []).map((one) => one.key)].map((one) => ({ value: one, label: one === "" ? t("segments.any") : segmentName(segments.data, one, language) }))}
            onChange={setSegment}
          />
        )}
        <Select
          mode="multiple"
          value={columns}
          maxTagCount="responsive"
          placeholder={t("exchange.allColumns")}
          aria-label={t("exchange.allColumns")}
          options={COLUMNS.map((one) => ({ value: one, label: word("exchange.field", one, one) }))}
          onChange={setColumns}
        />
        <Select
          value={form}
          aria-label={t("exchange.form")}
          options={["csv", "xlsx", "jsonl"].map((one) => ({ value: one, label: word("exchange.forms", one) }))}
          onChange={setForm}
        />
        <Checkbox checked={toCall} data-testid="export-to-call" onChange={(event) => setToCall(event.target.checked)}>
          {t("exchange.toCall")}
        </Checkbox>
        <Button type="primary" icon={<DownloadOutlined />} loading={busy} data-testid="export-take" onClick={() => void take()}>
          {t("exchange.takeNow")}
        </Button>
      </div>
      <p className="dim">{t("exchange.takeHint")}</p>
    </section>
  );
}
