/** Bring an announcement: which one, in which language, from when until when, and the file. */
import { UploadOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, AutoComplete, Button, DatePicker, Input, Modal, Select } from "antd";
import type { Dayjs } from "dayjs";
import { useRef, useState } from "react";
import { api, keys } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import type { PromptLibrary } from "../wire";

const LANGUAGES = ["zh", "en"] as const;

export function PromptForm({ begin, library, onClose }: { begin: { name: string; language: string }; library: PromptLibrary; onClose(): void }) {
  const words = useWords();
  const { t, word } = words;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const input = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(begin.name);
  const [language, setLanguage] = useState(begin.language);
  const [said, setSaid] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [from, setFrom] = useState<Dayjs | null>(null);
  const [until, setUntil] = useState<Dayjs | null>(null);
  const [busy, setBusy] = useState(false);
  const names = [...new Set([...library.named, ...library.items.map((one) => one.name)])].sort();
  const save = async (): Promise<void> => {
    if (file === null) return;
    setBusy(true);
    try {
      const form = new FormData();
      form.append("file", file, file.name);
      form.append("name", name.trim());
      form.append("language", language);
      form.append("words", said.trim());
      if (from !== null) form.append("valid_from", from.toISOString());
      if (until !== null) form.append("valid_until", until.toISOString());
      await api.addPrompt(form);
      message.success(t("prompts.added"));
      await queries.invalidateQueries({ queryKey: keys.prompts });
      onClose();
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={t("prompts.add")}
      okText={t("prompts.save")}
      cancelText={t("common.cancel")}
      okButtonProps={{ disabled: !name.trim() || file === null, loading: busy, "data-testid": "prompt-save" } as never}
      onOk={() => void save()}
      onCancel={onClose}
    >
      <div className="prompt-form">
        <label>
          <span>{t("prompts.name")}</span>
          <AutoComplete value={name} options={names.map((one) => ({ value: one }))} onChange={setName} placeholder={t("prompts.nameHint")} data-testid="prompt-name" />
        </label>
        <label>
          <span>{t("prompts.language")}</span>
          <Select
            value={language}
            options={[...new Set([...LANGUAGES, begin.language])].map((one) => ({ value: one, label: word("prompts.languages", one) }))}
            onChange={setLanguage}
          />
        </label>
        <label>
          <span>{t("prompts.words")}</span>
          <Input.TextArea value={said} rows={2} maxLength={2000} placeholder={t("prompts.wordsHint")} onChange={(event) => setSaid(event.target.value)} />
        </label>
        <div>
          <input
            ref={input}
            type="file"
            hidden
            accept=".wav,audio/wav"
            data-testid="prompt-file"
            onChange={(event) => setFile(event.target.files?.[0] ?? null)}
          />
          <Button icon={<UploadOutlined />} onClick={() => input.current?.click()}>
            {file?.name ?? t("prompts.choose")}
          </Button>
          <small className="dim">{t("prompts.fileHint")}</small>
        </div>
        <div className="prompt-two">
          <label>
            <span>{t("prompts.from")}</span>
            <DatePicker showTime={{ format: "HH:mm" }} value={from} placeholder={t("prompts.atOnce")} onChange={setFrom} />
          </label>
          <label>
            <span>{t("prompts.until")}</span>
            <DatePicker showTime={{ format: "HH:mm" }} value={until} placeholder={t("prompts.always")} onChange={setUntil} />
          </label>
        </div>
      </div>
    </Modal>
  );
}
