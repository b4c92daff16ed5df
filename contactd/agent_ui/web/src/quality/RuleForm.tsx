/** One rule who is drawn: how many of every agent and week, and which contacts fit. */
import { Button, Checkbox, Drawer, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { useWords } from "../i18n";
import { useSaving } from "../saving";
import { ChannelSelect, LineSelect } from "../shell/choosing";
import { ZONE } from "../reports/reports";
import { quality, type Sampling, type Scorecard } from "./quality";

export function RuleForm({ item, cards, readOnly, onClose }: { item: Sampling | null; cards: Scorecard[]; readOnly: boolean; onClose(): void }) {
  const { t, word } = useWords();
  const { busy, save } = useSaving(["samplings"], onClose);
  const [form, setForm] = useState<Omit<Sampling, "id" | "row_version" | "active">>(
    item ?? { name: "", form_id: cards[0]?.id ?? "", line: null, channel: null, how: "number", amount: 2, least_s: 0, most_percent: null, complaint: false, zone: ZONE },
  );
  const set = (part: Partial<typeof form>): void => setForm({ ...form, ...part });
  const keep = (): Promise<void> => {
    const { name, form_id, line, channel, how, amount, least_s, most_percent, complaint, zone } = form;
    const fields = { name, form_id, line, channel, how, amount, least_s, most_percent, complaint, zone };
    return save(() => (item ? quality.changeRule(item.id, { ...fields, row_version: item.row_version }) : quality.createRule(fields)));
  };
  return (
    <Drawer
      open
      size={560}
      title={item?.name ?? t("quality.newRule")}
      onClose={onClose}
      extra={
        !readOnly && (
          <Button type="primary" loading={busy} disabled={form.name.trim() === "" || form.form_id === ""} data-testid="rule-save" onClick={() => void keep()}>
            {t("common.save")}
          </Button>
        )
      }
    >
      <fieldset className="quality-form" disabled={readOnly}>
        <label>
          <span>{t("quality.name")}</span>
          <Input value={form.name} maxLength={200} data-testid="rule-name" onChange={(event) => set({ name: event.target.value })} />
        </label>
        <label>
          <span>{t("quality.card")}</span>
          <Select value={form.form_id} aria-label={t("quality.card")} options={cards.map((one) => ({ value: one.id, label: one.name }))} onChange={(form_id) => set({ form_id })} />
        </label>
        <div className="quality-two">
          <label>
            <span>{t("quality.how")}</span>
            <Select value={form.how} aria-label={t("quality.how")} options={["number", "percent"].map((value) => ({ value: value as "number" | "percent", label: word("quality.hows", value) }))} onChange={(how) => set({ how })} />
          </label>
          <label>
            <span>{t("quality.amount")}</span>
            <InputNumber min={1} max={form.how === "percent" ? 100 : 1000} suffix={form.how === "percent" ? "%" : undefined} value={form.amount} data-testid="rule-amount" onChange={(amount) => set({ amount: amount ?? 1 })} />
          </label>
          <label>
            <span>{t("quality.by.line")}</span>
            <LineSelect value={form.line} onChange={(line) => set({ line })} />
          </label>
          <label>
            <span>{t("quality.by.channel")}</span>
            <ChannelSelect value={form.channel} onChange={(channel) => set({ channel })} />
          </label>
          <label>
            <span>{t("quality.leastLong")}</span>
            <InputNumber min={0} max={86400} value={form.least_s} onChange={(least_s) => set({ least_s: least_s ?? 0 })} />
          </label>
          <label>
            <span>{t("quality.mostLong")}</span>
            <InputNumber min={0} max={100} value={form.most_percent} placeholder={t("quality.any")} onChange={(most_percent) => set({ most_percent })} />
          </label>
        </div>
        <Checkbox checked={form.complaint} onChange={(event) => set({ complaint: event.target.checked })}>
          {t("quality.onlyComplaints")}
        </Checkbox>
        <p className="dim">{t("quality.rulesHint")}</p>
      </fieldset>
    </Drawer>
  );
}
