/** The fields this house adds to its customers: made, renamed, retired; nothing that was typed is ever thrown away. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Checkbox, Input, Modal, Select } from "antd";
import { useState } from "react";
import { api } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import { Lines } from "../shell/bits";
import type { CommandError } from "../socket";

const TYPES = ["text", "long", "int", "decimal", "money", "bool", "date", "select", "multi", "url", "user"];
const CHOOSING = ["select", "multi"];

export function FieldsDialog({ onClose }: { onClose(): void }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const [key, setKey] = useState("");
  const [zh, setZh] = useState("");
  const [en, setEn] = useState("");
  const [type, setType] = useState("text");
  const [options, setOptions] = useState<string[]>([]);
  const [marks, setMarks] = useState<string[]>(["searchable"]);
  const [busy, setBusy] = useState(false);
  const found = useQuery({ queryKey: ["fields", "all"], queryFn: ({ signal }) => api.fields("party", signal, true) });
  const act = async (doing: Promise<unknown>): Promise<void> => {
    setBusy(true);
    try {
      await doing;
      await queries.invalidateQueries({ queryKey: ["fields"] });
      setKey("");
      setZh("");
      setEn("");
      setOptions([]);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  const define = (): void => {
    const place = (found.data?.items.length ?? 0) + 1;
    const chosen = CHOOSING.includes(type) ? { options: options.map((one) => ({ key: one, label: { zh: one } })) } : {};
    const on = Object.fromEntries(["required", "searchable", "filterable"].map((mark) => [mark, marks.includes(mark)]));
    void act(api.defineField({ entity: "party", key, type, labels: { zh: zh || en, en: en || zh }, place, ...chosen, ...on }));
  };
  const right = /^[a-z][a-z0-9_]*$/.test(key) && (zh || en) !== "" && (!CHOOSING.includes(type) || options.length > 0);
  return (
    <Modal open width={680} title={t("fields.title")} footer={null} onCancel={onClose}>
      <div className="field-defs" data-testid="fields">
        <p className="dim">{t("fields.hint")}</p>
        {found.isPending && <Lines n={4} />}
        {found.data?.items.map((field) => (
          <div key={field.id} className={`row fields-row${field.retired_at ? " dim" : ""}`}>
            <strong className="cut">{field.labels.zh}</strong>
            <span className="dim cut">{field.labels.en}</span>
            <code className="dim">{field.key}</code>
            <span className="tag">{word("fields.types", field.type)}</span>
            {(["required", "searchable", "filterable"] as const).filter((mark) => field[mark]).map((mark) => (
              <span key={mark} className="tag accent">
                {word("fields.marks", mark)}
              </span>
            ))}
            <span className="grow" />
            <Button size="small" loading={busy} onClick={() => void act(api.changeField(field.id, { retired: field.retired_at === null, row_version: field.row_version }))}>
              {t(field.retired_at === null ? "fields.retire" : "fields.back")}
            </Button>
          </div>
        ))}
        <div className="row">
          <Input value={zh} placeholder={t("fields.zh")} maxLength={100} data-testid="field-zh" onChange={(event) => setZh(event.target.value)} />
          <Input value={en} placeholder={t("fields.en")} maxLength={100} onChange={(event) => setEn(event.target.value)} />
          <Input value={key} placeholder={t("fields.key")} maxLength={63} data-testid="field-key" onChange={(event) => setKey(event.target.value.toLowerCase())} />
          <Select value={type} aria-label={t("customers.kind")} style={{ width: 150 }} options={TYPES.map((value) => ({ value, label: word("fields.types", value) }))} onChange={setType} />
        </div>
        {CHOOSING.includes(type) && <Select mode="tags" open={false} aria-label={t("fields.options")} value={options} placeholder={t("fields.options")} tokenSeparators={["，", ",", "、"]} onChange={setOptions} />}
        <div className="row">
          <Checkbox.Group value={marks} options={["required", "searchable", "filterable"].map((value) => ({ value, label: word("fields.marks", value) }))} onChange={(chosen) => setMarks(chosen as string[])} />
          <span className="grow" />
          <Button type="primary" loading={busy} disabled={!right} data-testid="field-save" onClick={define}>
            {t("fields.add")}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
