/** The questions of a scorecard with what is answered: yes or no, a scale, or that it does not apply. */
import { Input, Segmented } from "antd";
import { useWords } from "../i18n";
import { type Answers, type CardQuestion, type CardSection, inWords } from "./quality";

interface Props {
  sections: CardSection[];
  answers: Answers;
  remarks: Record<string, string>;
  editable: boolean;
  failed: string[];
  onAnswers(answers: Answers): void;
  /** Null: remarks are only shown. */
  onRemarks: ((remarks: Record<string, string>) => void) | null;
}

export function AnswerList({ sections, answers, remarks, editable, failed, onAnswers, onRemarks }: Props) {
  const { t, language } = useWords();
  return (
    <div className="quality-questions">
      {sections.map((section, at) => (
        <fieldset key={at}>
          <legend>{inWords(section.title, language)}</legend>
          {section.questions.map((one) => (
            <div key={one.key} className={`quality-question${failed.includes(one.key) ? " failed" : ""}`} data-testid="review-question" data-key={one.key}>
              <div className="row">
                <span className="grow">
                  {inWords(one.text, language)} {one.fatal && <span className="tag bad">{t("quality.fatal")}</span>}
                </span>
                <span className="dim num">×{one.weight}</span>
              </div>
              {editable ? (
                <Segmented
                  size="small"
                  value={valueOf(answers, one)}
                  options={choices(one, t("quality.yes"), t("quality.no"), t("quality.na"))}
                  onChange={(value) => onAnswers({ ...answers, [one.key]: value === "na" ? null : Number(value) })}
                />
              ) : (
                <strong className="num">{told(answers[one.key], one, t("quality.yes"), t("quality.no"), t("quality.na"))}</strong>
              )}
              {onRemarks ? (
                <Input size="small" maxLength={1000} value={remarks[one.key] ?? ""} placeholder={t("quality.remark")} onChange={(event) => onRemarks({ ...remarks, [one.key]: event.target.value })} />
              ) : (
                remarks[one.key] && <span className="dim">{remarks[one.key]}</span>
              )}
            </div>
          ))}
        </fieldset>
      ))}
    </div>
  );
}

function valueOf(answers: Answers, one: CardQuestion): string {
  const value = answers[one.key];
  return value === undefined ? "" : value === null ? "na" : String(value);
}

function told(value: number | null | undefined, one: CardQuestion, yes: string, no: string, na: string): string {
  if (value === undefined) return "–";
  if (value === null) return na;
  return one.kind === "yes" ? (value === 1 ? yes : no) : `${value} / ${one.best}`;
}

function choices(one: CardQuestion, yes: string, no: string, na: string): { value: string; label: string }[] {
  const scale = one.kind === "yes" ? [{ value: "1", label: yes }, { value: "0", label: no }] : Array.from({ length: one.best + 1 }, (_, n) => ({ value: String(n), label: String(n) }));
  return one.optional ? [...scale, { value: "na", label: na }] : scale;
}
