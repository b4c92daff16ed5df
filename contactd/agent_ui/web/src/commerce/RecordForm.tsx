/** A new business record of a kind that is kept here: its title, whose it is, and the fields the kind has. */
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, DatePicker, Drawer, Input, InputNumber, Select, Switch, TimePicker } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { api } from "../api";
import { errorText, usePolicy } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { PartyFinder } from "../shell/Search";
import type { CommandError } from "../socket";
import type { RecordKind } from "../wire";

export function RecordForm({ kind, lang, onClose }: { kind: RecordKind; lang: "zh" | "en"; onClose(): void }) {
  const words = useWords();
  const { t } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const [title, setTitle] = useState("");
  const [party, setParty] = useState<{ id: string; name: string } | null>(null);
  const [amount, setAmount] = useState<number | null>(null);
  const [span, setSpan] = useState<[string | null, string | null]>([null, null]);
  const [fields, setFields] = useState<Record<string, unknown>>({});
  const [busy, setBusy] = useState(false);
  const needsParty = kind.of_party && kind.kind !== "lead";
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      const made = await api.createRecord({
        kind: kind.kind,
        title: title.trim(),
        ...(party ? { party: party.id } : {}),
        ...(amount === null ? {} : { amount: Math.round(amount * 100), currency: "CNY" }),
        ...(span[0] ? { begins_at: span[0] } : {}),
        ...(span[1] ? { ends_at: span[1] } : {}),
        fields,
      });
      await queries.invalidateQueries({ queryKey: ["records"] });
      onClose();
      if (made) go("records", made.id);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Drawer
      open
      size={520}
      title={t("commerce.new", { kind: kind.label[lang] })}
      onClose={onClose}
      extra={
        <Button type="primary" loading={busy} disabled={title.trim() === "" || (needsParty && party === null)} data-testid="record-save" onClick={() => void save()}>
          {t("common.save")}
        </Button>
      }
    >
      <div className="record-form">
        <label>
          <span>{t("commerce.subject")}</span>
          <Input value={title} maxLength={200} data-testid="record-title" onChange={(event) => setTitle(event.target.value)} />
        </label>
        {kind.of_party && (
          <label>
            <span>{t("customer.title")}</span>
            {party ? (
              <Button onClick={() => setParty(null)}>{party.name} ×</Button>
            ) : (
              <PartyFinder placeholder={t("customer.find")} testId="record-party" onPick={(found) => setParty({ id: found.id, name: found.name })} />
            )}
          </label>
        )}
        {kind.has_amount && (
          <label>
            <span>{t("commerce.amount")}</span>
            <InputNumber value={amount} precision={2} prefix="¥" style={{ width: "100%" }} onChange={setAmount} />
          </label>
        )}
        {kind.span && (
          <label>
            <span>
              {kind.span[0]?.[lang]} – {kind.span[1]?.[lang]}
            </span>
            <DatePicker.RangePicker
              allowEmpty={[true, true]}
              value={[span[0] ? dayjs(span[0]) : null, span[1] ? dayjs(span[1]) : null]}
              onChange={(days) => setSpan([days?.[0]?.startOf("day").toISOString() ?? null, days?.[1]?.endOf("day").toISOString() ?? null])}
            />
          </label>
        )}
        {kind.fields.map((one) => (
          <label key={one.key}>
            <span>{one.label[lang]}</span>
            <FieldInput field={one} lang={lang} value={fields[one.key]} onChange={(value) => setFields(put(fields, one.key, value))} />
          </label>
        ))}
      </div>
    </Drawer>
  );
}

/** Fields as they are sent: one that was emptied is left out. */
function put(fields: Record<string, unknown>, key: string, value: unknown): Record<string, unknown> {
  const { [key]: _gone, ...left } = fields;
  return value === null || value === undefined || value === "" ? left : { ...left, [key]: value };
}

interface FieldProps {
  field: RecordKind["fields"][number];
  lang: "zh" | "en";
  value: unknown;
  onChange(value: unknown): void;
}

function FieldInput({ field, lang, value, onChange }: FieldProps) {
  const policy = usePolicy();
  const label = field.label[lang];
  switch (field.type) {
    case "choice":
      return <Select allowClear aria-label={label} value={value} options={Object.entries(field.choices).map(([key, name]) => ({ value: key, label: name[lang] }))} onChange={onChange} />;
    case "line":
      return <Select allowClear aria-label={label} value={value} data-testid={`record-${field.key}`} options={policy.lines.map((one) => ({ value: one.code, label: one.label }))} onChange={onChange} />;
    case "list":
      return <Select mode="tags" open={false} aria-label={label} value={(value as string[] | undefined) ?? []} tokenSeparators={[",", "，", "、", ";", "；"]} onChange={onChange} />;
    case "int":
      return <InputNumber min={0} precision={0} value={(value as number | undefined) ?? null} style={{ width: "100%" }} data-testid={`record-${field.key}`} onChange={onChange} />;
    case "time":
      return <TimePicker format="HH:mm" minuteStep={5} needConfirm={false} aria-label={label} value={value ? dayjs(`2000-01-01T${String(value)}`) : null} style={{ width: "100%" }} onChange={(at) => onChange(at?.format("HH:mm") ?? null)} />;
    case "date":
      return <DatePicker aria-label={label} value={value ? dayjs(String(value)) : null} style={{ width: "100%" }} onChange={(day) => onChange(day?.format("YYYY-MM-DD") ?? null)} />;
    case "bool":
      return <Switch aria-label={label} checked={value === true} onChange={onChange} />;
    case "long":
      return <Input.TextArea rows={3} value={String(value ?? "")} onChange={(event) => onChange(event.target.value)} />;
    default:
      return <Input value={String(value ?? "")} onChange={(event) => onChange(event.target.value)} />;
  }
}
