/** Conditions over customers, one a row: a field, a question, a value. */
import { useQuery } from "@tanstack/react-query";
import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Input, InputNumber, Select } from "antd";
import { api, keys } from "../api";
import { useWords } from "../i18n";
import { about, type Asked, OPS, opsOf } from "./conditions";

const MOST = 20;
const NUMBERS = ["vip", "value", "contacts", "quiet_days", "complaints", "contract_days"];

export interface FieldWord {
  value: string;
  label: string;
}

interface Props {
  items: Asked[];
  fields: FieldWord[];
  onChange(items: Asked[]): void;
}

export function ConditionRows({ items, fields, onChange }: Props) {
  const { t, word } = useWords();
  const set = (at: number, item: Asked): void => onChange(items.map((one, place) => (place === at ? item : one)));
  return (
    <div className="conditions">
      {items.map((one, at) => (
        <div key={at} className="row conditions-row" data-testid="condition">
          <Select showSearch={{ optionFilterProp: "label" }} aria-label={t("segments.field")} value={one.field} style={{ width: 190 }} options={fields} onChange={(field) => set(at, about(one, field))} />
          <Select aria-label={t("segments.op")} value={one.op} style={{ width: 124 }} options={(opsOf(one.field).includes(one.op) ? opsOf(one.field) : OPS).map((op) => ({ value: op, label: word("segments.ops", op) }))} onChange={(op) => set(at, { ...one, op, value: "" })} />
          <span className="grow">
            <Value item={one} onChange={(value) => set(at, { ...one, value })} />
          </span>
          <Button type="text" icon={<CloseOutlined />} disabled={items.length === 1} aria-label={t("segments.less")} onClick={() => onChange(items.filter((_, place) => place !== at))} />
        </div>
      ))}
      <Button size="small" type="dashed" icon={<PlusOutlined />} disabled={items.length >= MOST} data-testid="condition-more" onClick={() => onChange([...items, { field: "tags", op: "has", value: "" }])}>
        {t("segments.more")}
      </Button>
    </div>
  );
}

function Value({ item, onChange }: { item: Asked; onChange(value: string): void }) {
  const { t } = useWords();
  const choices = useChoices(item.field);
  const label = t("segments.value");
  if (item.op === "known") {
    return <Select aria-label={label} value={item.value || "yes"} style={{ width: "100%" }} options={[{ value: "yes", label: t("segments.yes") }, { value: "no", label: t("segments.no") }]} onChange={onChange} />;
  }
  if (choices !== null && item.op === "any_of") {
    return <Select mode="multiple" aria-label={label} value={item.value === "" ? [] : item.value.split(", ")} style={{ width: "100%" }} options={choices} onChange={(picked: string[]) => onChange(picked.join(", "))} />;
  }
  if (choices !== null) {
    return <Select showSearch={{ optionFilterProp: "label" }} aria-label={label} value={item.value || undefined} style={{ width: "100%" }} options={choices} onChange={onChange} />;
  }
  if (NUMBERS.includes(item.field) && item.op !== "any_of") {
    return <InputNumber min={0} aria-label={label} value={item.value === "" ? null : Number(item.value)} style={{ width: "100%" }} onChange={(value) => onChange(value === null ? "" : String(value))} />;
  }
  return <Input aria-label={label} value={item.value} placeholder={t(item.op === "any_of" ? "segments.values" : "segments.value")} maxLength={200} onChange={(event) => onChange(event.target.value)} />;
}

/** What a field may be, where that is known. */
function useChoices(field: string): FieldWord[] | null {
  const { t, word } = useWords();
  const agents = useQuery({ queryKey: keys.agents, queryFn: ({ signal }) => api.agents(signal), staleTime: 60_000, enabled: field === "owner" });
  const among = (values: string[], told: (value: string) => string): FieldWord[] => values.map((value) => ({ value, label: told(value) }));
  if (field === "owner") return (agents.data?.items ?? []).map((one) => ({ value: one.agent, label: one.name ?? one.agent }));
  if (field === "kind") return among(["person", "org", "unknown"], (value) => word("customer.kinds", value));
  if (field === "lifecycle") return among(["prospect", "customer", "former", "unknown"], (value) => word("customer.lifecycles", value));
  if (field === "roles") return among(["customer", "supplier", "partner"], (value) => word("facts.roles", value));
  if (field === "credit_flag") return among(["watch", "stop"], (value) => word("facts.flags", value));
  if (field === "value_class") return among(["A", "B", "C"], (value) => t("scores.value", { class: value }));
  if (field === "contact_class") return among(["A", "B", "C"], (value) => t("scores.contact", { class: value }));
  return null;
}
