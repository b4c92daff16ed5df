/** One assessment beside the contact it is about: what was said and heard on the left, what is said of it on the right. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Drawer, Input } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { Body } from "../contact/ContactPane";
import { errorText, useConsole, useMay } from "../desk";
import { useWords } from "../i18n";
import { At, ChannelIcon, Lines, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import { AnswerList } from "./AnswerList";
import { type Answers, type Calibration, inWords, quality, type ReviewView, scoreOf } from "./quality";
import { Score } from "./QualityScreen";
import "../contact/contact.css";

export function ReviewDrawer({ id, onClose }: { id: string | null; onClose(): void }) {
  const { t } = useWords();
  const found = useQuery({ queryKey: ["reviews", "one", id], queryFn: ({ signal }) => quality.review(id ?? "", signal), enabled: id !== null });
  return (
    <Drawer open={id !== null} onClose={onClose} size="min(1180px, 96vw)" destroyOnHidden title={found.data ? <Title item={found.data} /> : t("quality.title")} className="quality-drawer">
      {found.isError ? <LoadFailed again={() => void found.refetch()} /> : found.data ? <Both key={`${found.data.id} ${found.data.row_version}`} item={found.data} /> : <Lines n={10} />}
    </Drawer>
  );
}

function Title({ item }: { item: ReviewView }) {
  const { t, word } = useWords();
  return (
    <span className="row" data-testid="review-title" data-state={item.state}>
      <ChannelIcon channel={item.channel} />
      <span>{item.agent_name}</span>
      <span className="dim">
        <At at={item.contact_at} />
      </span>
      <span className="tag accent">{word("quality.states", item.state)}</span>
      {item.calibrates && <span className="tag">{t("quality.calibration")}</span>}
      <Score value={item.score} />
    </span>
  );
}

function Both({ item }: { item: ReviewView }) {
  const contact = useQuery({ queryKey: keys.interaction(item.interaction), queryFn: ({ signal }) => api.interaction(item.interaction, signal) });
  return (
    <div className="quality-both">
      <section className="quality-heard">{contact.isError ? <LoadFailed again={() => void contact.refetch()} /> : contact.data ? <Body interaction={contact.data} mine={false} /> : <Lines n={10} />}</section>
      <section className="quality-said">
        <Said item={item} />
      </section>
    </div>
  );
}

function Said({ item }: { item: ReviewView }) {
  const words = useWords();
  const { t } = words;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const me = useConsole((state) => state.me.agent);
  const judges = useMay("quality.assess") && item.agent !== me;
  const [answers, setAnswers] = useState<Answers>(item.answers);
  const [remarks, setRemarks] = useState(item.remarks);
  const [comment, setComment] = useState(item.comment);
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const sections = item.sections ?? [];
  const open = item.state === "drawn" && judges && (item.calibrates === null || item.assessor === me);
  const settling = item.state === "objected" && judges && item.assessor !== me;
  const score = scoreOf(sections, answers);
  const act = async (what: "assess" | "object" | "settle" | "calibrate", given: object): Promise<void> => {
    setBusy(true);
    try {
      const done = await quality.act(item.id, what, given);
      await queries.invalidateQueries({ queryKey: ["reviews"] });
      if (what === "calibrate" && done) window.location.hash = `#/quality/${encodeURIComponent(done.id)}`;
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <p className="dim quality-by">
        {item.scorecard_name} · {t("quality.version", { n: item.form_version })}
        {item.assessor_name && ` · ${item.assessor_name}`}
      </p>
      <AnswerList sections={sections} answers={answers} remarks={remarks} editable={open || settling} onAnswers={setAnswers} onRemarks={open ? setRemarks : null} failed={item.failed} />
      {open ? (
        <Input.TextArea rows={3} maxLength={2000} value={comment} placeholder={t("quality.comment")} data-testid="review-comment" onChange={(event) => setComment(event.target.value)} />
      ) : (
        item.comment && <p className="quality-words">{item.comment}</p>
      )}
      {item.objection && (
        <div className="quality-words">
          <strong>{t("quality.objection")}</strong>
          <p>{item.objection}</p>
        </div>
      )}
      {item.reply && (
        <div className="quality-words">
          <strong>{t("quality.reply")}</strong>
          <p>{item.reply}</p>
          {item.first_score !== null && item.first_score !== item.score && <p className="dim">{t("quality.before", { n: item.first_score })}</p>}
        </div>
      )}
      {open && (
        <div className="row quality-foot">
          <span className="dim">{t("quality.comesTo")}</span>
          <Score value={score} />
          <span className="grow" />
          <Button type="primary" loading={busy} disabled={score === null} data-testid="review-give" onClick={() => void act("assess", { answers, remarks, comment, row_version: item.row_version })}>
            {t("quality.give")}
          </Button>
        </div>
      )}
      {item.state === "done" && item.agent === me && (
        <Answer text={text} onText={setText} busy={busy} label={t("quality.object")} hint={t("quality.objectHint")} mark="review-object" onSend={() => void act("object", { reason: text })} />
      )}
      {settling && (
        <Answer text={text} onText={setText} busy={busy} label={t("quality.settle")} hint={t("quality.settleHint")} mark="review-settle" onSend={() => void act("settle", { reply: text, answers })} />
      )}
      {judges && item.state !== "drawn" && item.calibrates === null && (
        <Compared item={item} onCalibrate={item.assessor === me ? null : () => void act("calibrate", {})} busy={busy} />
      )}
    </>
  );
}

function Answer({ text, onText, busy, label, hint, mark, onSend }: { text: string; onText(text: string): void; busy: boolean; label: string; hint: string; mark: string; onSend(): void }) {
  return (
    <div className="quality-answer">
      <Input.TextArea rows={2} maxLength={2000} value={text} placeholder={hint} data-testid={`${mark}-text`} onChange={(event) => onText(event.target.value)} />
      <Button type="primary" loading={busy} disabled={text.trim().length < 3} data-testid={mark} onClick={onSend}>
        {label}
      </Button>
    </div>
  );
}

/** The same contact by several: every question on which they differ, and by how much the scores do. */
function Compared({ item, onCalibrate, busy }: { item: ReviewView; onCalibrate: (() => void) | null; busy: boolean }) {
  const { t, language } = useWords();
  const found = useQuery({ queryKey: ["reviews", "calibrations", item.id], queryFn: ({ signal }) => quality.calibrations(item.id, signal), retry: false });
  const all = found.data?.items ?? [];
  const asked = (item.sections ?? []).flatMap((section) => section.questions);
  const apart = asked.filter((one) => new Set(all.map((by) => by.answers[one.key] ?? null)).size > 1);
  const shown = (by: Calibration, key: string): string => (by.answers[key] === null || by.answers[key] === undefined ? t("quality.na") : String(by.answers[key]));
  return (
    <div className="quality-compared">
      <div className="row">
        <strong>{t("quality.calibration")}</strong>
        <span className="grow" />
        {onCalibrate && (
          <Button size="small" loading={busy} data-testid="review-calibrate" onClick={onCalibrate}>
            {t("quality.calibrate")}
          </Button>
        )}
      </div>
      {all.length > 1 ? (
        <table data-testid="review-compared">
          <thead>
            <tr>
              <th />
              {all.map((by) => (
                <th key={by.id}>{by.name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <td>{t("quality.score")}</td>
              {all.map((by) => (
                <td key={by.id} className="num">
                  <Score value={by.score} />
                  {by !== all[0] && by.score !== null && all[0]?.score !== null && <span className="dim"> {signed(by.score - (all[0]?.score ?? 0))}</span>}
                </td>
              ))}
            </tr>
            {apart.map((one) => (
              <tr key={one.key}>
                <td>{inWords(one.text, language)}</td>
                {all.map((by) => (
                  <td key={by.id} className="num">
                    {shown(by, one.key)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="dim">{t("quality.calibrateHint")}</p>
      )}
    </div>
  );
}

function signed(n: number): string {
  return n > 0 ? `+${n}` : String(n);
}
