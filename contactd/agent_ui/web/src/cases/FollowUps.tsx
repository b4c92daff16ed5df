/** A follow-up list (回访): one task for each customer whose case was closed lately. */
import { App as AntApp, Input, InputNumber, Modal, Select } from "antd";
import { useState } from "react";
import { api } from "../api";
import { errorText, usePolicy } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import { TYPES } from "./marks";

const DAY_MS = 24 * 3600 * 1000;

export function FollowUps({ onClose }: { onClose(): void }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const { lines } = usePolicy();
  const [subject, setSubject] = useState("");
  const [body, setBody] = useState("");
  const [type, setType] = useState<string | undefined>();
  const [line, setLine] = useState<string | undefined>();
  const [days, setDays] = useState(7);
  const [apart, setApart] = useState(0);
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      const since = new Date(Date.now() - days * DAY_MS).toISOString();
      const made = await api.makeFollowUps({ subject, body, line, apart_s: apart * 60, cases: { type, closed_after: since } });
      const n = made?.tasks.length ?? 0;
      if (n === 0) message.info(t("tasks.nobody"));
      else message.success(t("tasks.made", { n }));
      if (made && made.left_out.length > 0) message.info(t("tasks.leftOut", { n: made.left_out.length }));
      if (n > 0) onClose();
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal open title={t("tasks.newList")} okText={t("common.save")} confirmLoading={busy} okButtonProps={{ disabled: subject.trim() === "" }} onOk={() => void save()} onCancel={onClose}>
      <div className="case-form">
        <p className="dim">{t("tasks.newListHint")}</p>
        <Input autoFocus value={subject} maxLength={500} placeholder={t("tasks.subject")} data-testid="follow-up-subject" onChange={(event) => setSubject(event.target.value)} />
        <Input.TextArea rows={3} value={body} maxLength={20000} placeholder={t("tasks.body")} onChange={(event) => setBody(event.target.value)} />
        <div className="row">
          <Select allowClear value={type} placeholder={t("tasks.anyType")} style={{ flex: 1 }} aria-label={t("tasks.of")} options={TYPES.map((value) => ({ value, label: word("cases.types", value) }))} onChange={setType} />
          <Select allowClear value={line} aria-label={t("tasks.line")} placeholder={t("tasks.line")} style={{ flex: 1 }} options={lines.map(({ code, label }) => ({ value: code, label }))} onChange={setLine} />
        </div>
        <label className="row">
          <span className="grow">{t("tasks.lastDays")}</span>
          <InputNumber min={1} max={365} value={days} onChange={(value) => setDays(value ?? 7)} />
        </label>
        <label className="row">
          <span className="grow">{t("tasks.apart")}</span>
          <InputNumber min={0} max={1440} value={apart} onChange={(value) => setApart(value ?? 0)} />
        </label>
      </div>
    </Modal>
  );
}
