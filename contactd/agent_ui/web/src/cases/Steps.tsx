/** What is to be done in a case: ticked off, added, with the time each step is due. */
import { CloseOutlined } from "@ant-design/icons";
import { Button, Checkbox, DatePicker, Input } from "antd";
import type { Dayjs } from "dayjs";
import { useState } from "react";
import { useWords } from "../i18n";
import { At } from "../shell/bits";
import type { CaseStep, CaseView } from "../wire";

export function Steps({ item, busy, onSave }: { item: CaseView; busy: boolean; onSave(steps: CaseStep[]): void }) {
  const { t } = useWords();
  const [text, setText] = useState("");
  const [due, setDue] = useState<Dayjs | null>(null);
  const steps = item.checklist ?? [];
  const over = item.state === "resolved" || item.state === "closed";
  if (over && steps.length === 0) return null;
  const add = (): void => {
    if (text.trim() === "") return;
    onSave([...steps, { text: text.trim(), done: false, due_at: due?.toISOString() ?? null }]);
    setText("");
    setDue(null);
  };
  return (
    <section className="case-steps" aria-label={t("cases.steps")} data-testid="case-steps">
      {steps.map((step, at) => (
        <div key={step.id ?? at} className="row" data-testid="case-step">
          <Checkbox
            className="grow"
            checked={step.done}
            disabled={busy || over}
            onChange={(event) => onSave(steps.map((one) => (one === step ? { ...one, done: event.target.checked } : one)))}
          >
            <span className={step.done ? "dim done" : ""}>{step.text}</span>
          </Checkbox>
          {step.required && !step.done && <span className="tag">{t("cases.required")}</span>}
          {step.due_at && !step.done && (
            <span className={Date.parse(step.due_at) < Date.now() ? "late" : "dim"}>
              <At at={step.due_at} />
            </span>
          )}
          {!over && !step.required && (
            <Button
              size="small"
              type="text"
              icon={<CloseOutlined />}
              disabled={busy}
              aria-label={t("cases.dropStep", { step: step.text })}
              onClick={() => onSave(steps.filter((one) => one !== step))}
            />
          )}
        </div>
      ))}
      {!over && (
        <div className="row">
          <Input
            size="small"
            value={text}
            maxLength={500}
            placeholder={t("cases.addStep")}
            data-testid="case-add-step"
            onChange={(event) => setText(event.target.value)}
            onPressEnter={add}
          />
          <DatePicker size="small" showTime={{ format: "HH:mm" }} value={due} placeholder={t("cases.stepDue")} style={{ width: 170 }} onChange={setDue} />
          <Button size="small" disabled={busy || text.trim() === ""} onClick={add}>
            {t("cases.add")}
          </Button>
        </div>
      )}
    </section>
  );
}
