/** A new case, by itself or for a customer. */
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Input, Modal, Segmented, Select } from "antd";
import { useState } from "react";
import { api } from "../api";
import { errorText, usePolicy } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import type { CaseView } from "../wire";
import { TYPES } from "./marks";

export function NewCase({ party, onMade, onClose }: { party?: string; onMade(made: CaseView): void; onClose(): void }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const [subject, setSubject] = useState("");
  const [body, setBody] = useState("");
  const [type, setType] = useState("inquiry");
  const [priority, setPriority] = useState("0");
  const [template, setTemplate] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const { templates } = usePolicy();
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      const made = await api.createCase({ subject, body, type, priority: Number(priority), ...(template ? { template } : {}), ...(party ? { party } : {}) });
      await queries.invalidateQueries({ queryKey: ["cases"] });
      onClose();
      if (made) onMade(made);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={t("cases.new")}
      okText={t("common.save")}
      confirmLoading={busy}
      okButtonProps={{ disabled: subject.trim() === "" }}
      onOk={() => void save()}
      onCancel={onClose}
    >
      <div className="case-form">
        <Input autoFocus value={subject} maxLength={500} placeholder={t("cases.subject")} data-testid="case-subject" onChange={(event) => setSubject(event.target.value)} />
        <div className="row">
          <Select value={type} aria-label={t("cases.type")} style={{ width: 160 }} options={TYPES.map((value) => ({ value, label: word("cases.types", value) }))} onChange={setType} />
          <Segmented
            value={priority}
            options={["0", "1", "2", "3"].map((value) => ({ value, label: word("cases.priorities", value) }))}
            onChange={(value) => setPriority(String(value))}
          />
        </div>
        {templates.length > 0 && (
          <Select
            allowClear
            value={template}
            placeholder={t("cases.template")}
            data-testid="case-template"
            options={templates.map(({ code, label }) => ({ value: code, label }))}
            onChange={setTemplate}
          />
        )}
        <Input.TextArea rows={4} value={body} maxLength={20000} placeholder={t("cases.body")} onChange={(event) => setBody(event.target.value)} />
      </div>
    </Modal>
  );
}
