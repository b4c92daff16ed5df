/** One survey: what is asked, in both languages, of whom, and when somebody calls back. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Drawer, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useWords } from "../i18n";
import { useSaving } from "../saving";
import { ChannelSelect, LineSelect } from "../shell/choosing";
import type { SurveyQuestion, SurveyView } from "../wire";

const CHANNELS = ["voice", "chat", "email"];
const FIRST: SurveyQuestion = { key: "content", kind: "score", text: {}, lowest: 1, best: 5 };

export function SurveyForm({ item, onClose }: { item: SurveyView | null; onClose(): void }) {
  const { t, word } = useWords();
  const { busy, save } = useSaving(keys.surveys, onClose);
  const [form, setForm] = useState<Omit<SurveyView, "id" | "row_version" | "active">>(
    item ?? { name: "", line: null, channel: null, language: "zh", questions: [FIRST], intro: {}, closing: {}, share: 100, every_days: 30, valid_hours: 168, low: 2 },
  );
  const set = (part: Partial<typeof form>): void => setForm({ ...form, ...part });
  const ask = (at: number, part: Partial<SurveyQuestion>): void =>
    set({ questions: form.questions.map((one, index) => (index === at ? { ...one, ...part } : one)) });
  const keep = (): Promise<void> => {
    const { name, line, channel, language: spoken, questions, intro, closing, share, every_days, valid_hours, low } = form;
    const fields = { name, line, channel, language: spoken, questions, intro, closing, share, every_days, valid_hours, low };
    return save(() => (item ? api.changeSurvey(item.id, { ...fields, row_version: item.row_version }) : api.createSurvey(fields)));
  };
  const spoken = (name: "intro" | "closing") => (
    <div className="survey-two">
      {(["zh", "en"] as const).map((lang) => (
        <Input.TextArea key={lang} rows={2} maxLength={500} value={form[name][lang] ?? ""} placeholder={lang === "zh" ? "中文" : "English"} onChange={(event) => set({ [name]: { ...form[name], [lang]: event.target.value } })} />
      ))}
    </div>
  );
  return (
    <Drawer
      open
      size={640}
      title={item?.name ?? t("surveys.new")}
      onClose={onClose}
      extra={
        <Button type="primary" loading={busy} disabled={form.name.trim() === "" || form.questions.length === 0} data-testid="survey-save" onClick={() => void keep()}>
          {t("common.save")}
        </Button>
      }
    >
      <div className="survey-form">
        <label>
          <span>{t("surveys.name")}</span>
          <Input value={form.name} maxLength={200} data-testid="survey-name" onChange={(event) => set({ name: event.target.value })} />
        </label>
        <div className="survey-two">
          <label>
            <span>{t("surveys.by.line")}</span>
            <LineSelect value={form.line} onChange={(line) => set({ line })} />
          </label>
          <label>
            <span>{t("surveys.by.channel")}</span>
            <ChannelSelect among={CHANNELS} value={form.channel} onChange={(channel) => set({ channel })} />
          </label>
        </div>
        <span className="survey-head">{t("surveys.intro")}</span>
        {spoken("intro")}
        <span className="survey-head">{t("surveys.questions")}</span>
        {form.questions.map((one, at) => (
          <fieldset key={at} className="survey-question">
            <div className="row">
              <Select value={one.kind} aria-label={t("surveys.kind")} style={{ width: 110 }} options={["score", "text"].map((value) => ({ value, label: word("surveys.kinds", value) }))} onChange={(kind) => ask(at, { kind })} />
              {one.kind === "score" && (
                <Select aria-label={t("surveys.scale")} value={`${one.lowest}-${one.best}`} style={{ width: 100 }} options={["1-5", "0-10", "1-10", "1-3", "1-2"].map((value) => ({ value, label: value }))} onChange={(span: string) => ask(at, { lowest: Number(span.split("-")[0]), best: Number(span.split("-")[1]) })} />
              )}
              <span className="grow" />
              <Button type="text" icon={<DeleteOutlined />} aria-label={t("mail.remove")} disabled={form.questions.length === 1} onClick={() => set({ questions: form.questions.filter((_, index) => index !== at) })} />
            </div>
            <Input value={one.text.zh ?? ""} maxLength={300} placeholder="中文" data-testid={`question-zh-${at}`} onChange={(event) => ask(at, { text: { ...one.text, zh: event.target.value } })} />
            <Input value={one.text.en ?? ""} maxLength={300} placeholder="English" onChange={(event) => ask(at, { text: { ...one.text, en: event.target.value } })} />
          </fieldset>
        ))}
        <Button type="dashed" icon={<PlusOutlined />} disabled={form.questions.length >= 10} onClick={() => set({ questions: [...form.questions, { ...FIRST, key: `q${Date.now().toString(36)}`, kind: "text" }] })}>
          {t("surveys.addQuestion")}
        </Button>
        <span className="survey-head">{t("surveys.closing")}</span>
        {spoken("closing")}
        <div className="survey-two">
          <label>
            <span>{t("surveys.share")}</span>
            <InputNumber min={0} max={100} suffix="%" value={form.share} onChange={(share) => set({ share: share ?? 0 })} />
          </label>
          <label>
            <span>{t("surveys.pauseLong")}</span>
            <InputNumber min={0} max={3650} value={form.every_days} onChange={(days) => set({ every_days: days ?? 0 })} />
          </label>
          <label>
            <span>{t("surveys.lowLong")}</span>
            <InputNumber min={0} max={10} value={form.low} placeholder={t("surveys.never")} onChange={(low) => set({ low })} />
          </label>
          <label>
            <span>{t("surveys.valid")}</span>
            <InputNumber min={1} max={2160} value={form.valid_hours} onChange={(hours) => set({ valid_hours: hours ?? 168 })} />
          </label>
        </div>
      </div>
    </Drawer>
  );
}
