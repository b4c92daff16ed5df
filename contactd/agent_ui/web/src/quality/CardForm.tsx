/** One scorecard: sections and questions in both languages, with weights and what is fatal. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, Drawer, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { useWords } from "../i18n";
import { useSaving } from "../saving";
import { ChannelSelect } from "../shell/choosing";
import { type CardQuestion, type CardSection, quality, type Scorecard } from "./quality";

let made = 0;

function fresh(): CardQuestion {
  made += 1;
  return { key: `q${Date.now().toString(36)}${made}`, kind: "yes", text: {}, best: 5, weight: 1, fatal: false, optional: false };
}

export function CardForm({ item, readOnly, onClose }: { item: Scorecard | null; readOnly: boolean; onClose(): void }) {
  const { t } = useWords();
  const { busy, save } = useSaving(["scorecards"], onClose);
  const [name, setName] = useState(item?.name ?? "");
  const [channel, setChannel] = useState(item?.channel ?? null);
  const [sections, setSections] = useState<CardSection[]>(item?.sections ?? [{ title: {}, questions: [fresh()] }]);
  const put = (at: number, part: Partial<CardSection>): void => setSections(sections.map((one, index) => (index === at ? { ...one, ...part } : one)));
  const keep = (): Promise<void> => {
    const fields = { name, channel, sections };
    return save(() => (item ? quality.changeCard(item.id, { ...fields, row_version: item.row_version }) : quality.createCard(fields)));
  };
  return (
    <Drawer
      open
      size={720}
      title={item ? `${item.name} · ${t("quality.version", { n: item.version })}` : t("quality.newCard")}
      onClose={onClose}
      extra={
        !readOnly && (
          <Button type="primary" loading={busy} disabled={name.trim() === ""} data-testid="card-save" onClick={() => void keep()}>
            {t("common.save")}
          </Button>
        )
      }
    >
      <div className="quality-form">
        <div className="quality-two">
          <label>
            <span>{t("quality.name")}</span>
            <Input value={name} maxLength={200} disabled={readOnly} data-testid="card-name" onChange={(event) => setName(event.target.value)} />
          </label>
          <label>
            <span>{t("quality.by.channel")}</span>
            <ChannelSelect value={channel} disabled={readOnly} onChange={setChannel} />
          </label>
        </div>
        {item && <p className="dim">{t("quality.versionHint")}</p>}
        {sections.map((section, at) => (
          <fieldset key={at} className="quality-section" disabled={readOnly}>
            <div className="row">
              <Input value={section.title.zh ?? ""} maxLength={300} placeholder={t("quality.sectionZh")} data-testid={`section-zh-${at}`} onChange={(event) => put(at, { title: { ...section.title, zh: event.target.value } })} />
              <Input value={section.title.en ?? ""} maxLength={300} placeholder={t("quality.sectionEn")} onChange={(event) => put(at, { title: { ...section.title, en: event.target.value } })} />
              <Button type="text" icon={<DeleteOutlined />} aria-label={t("mail.remove")} disabled={sections.length === 1} onClick={() => setSections(sections.filter((_, index) => index !== at))} />
            </div>
            {section.questions.map((one, n) => (
              <Question
                key={one.key}
                one={one}
                mark={`${at}-${n}`}
                onChange={(part) => put(at, { questions: section.questions.map((other) => (other.key === one.key ? { ...other, ...part } : other)) })}
                onDrop={section.questions.length === 1 ? null : () => put(at, { questions: section.questions.filter((other) => other.key !== one.key) })}
              />
            ))}
            <Button type="dashed" size="small" icon={<PlusOutlined />} onClick={() => put(at, { questions: [...section.questions, fresh()] })}>
              {t("quality.addQuestion")}
            </Button>
          </fieldset>
        ))}
        {!readOnly && (
          <Button type="dashed" icon={<PlusOutlined />} onClick={() => setSections([...sections, { title: {}, questions: [fresh()] }])}>
            {t("quality.addSection")}
          </Button>
        )}
      </div>
    </Drawer>
  );
}

function Question({ one, mark, onChange, onDrop }: { one: CardQuestion; mark: string; onChange(part: Partial<CardQuestion>): void; onDrop: (() => void) | null }) {
  const { t, word } = useWords();
  return (
    <div className="quality-edited">
      <div className="row">
        <Select value={one.kind} aria-label={t("surveys.kind")} style={{ width: 120 }} options={["yes", "scale"].map((value) => ({ value, label: word("quality.kinds", value) }))} onChange={(kind) => onChange({ kind, best: 5 })} />
        {one.kind === "scale" && <InputNumber min={1} max={10} prefix="0–" value={one.best} style={{ width: 90 }} aria-label={t("quality.best")} onChange={(best) => onChange({ best: best ?? 5 })} />}
        <InputNumber min={1} max={100} prefix="×" value={one.weight} style={{ width: 90 }} aria-label={t("quality.weight")} onChange={(weight) => onChange({ weight: weight ?? 1 })} />
        <Checkbox checked={one.fatal} onChange={(event) => onChange({ fatal: event.target.checked })}>
          {t("quality.fatal")}
        </Checkbox>
        <Checkbox checked={one.optional} onChange={(event) => onChange({ optional: event.target.checked })}>
          {t("quality.mayNotApply")}
        </Checkbox>
        <span className="grow" />
        <Button type="text" icon={<DeleteOutlined />} aria-label={t("mail.remove")} disabled={onDrop === null} onClick={() => onDrop?.()} />
      </div>
      <div className="quality-two">
        <Input value={one.text.zh ?? ""} maxLength={300} placeholder={t("quality.questionZh")} data-testid={`card-question-${mark}`} onChange={(event) => onChange({ text: { ...one.text, zh: event.target.value } })} />
        <Input value={one.text.en ?? ""} maxLength={300} placeholder={t("quality.questionEn")} onChange={(event) => onChange({ text: { ...one.text, en: event.target.value } })} />
      </div>
    </div>
  );
}
