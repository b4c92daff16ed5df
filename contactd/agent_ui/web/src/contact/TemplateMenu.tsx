/** Words somebody has thought about before, filled in for this customer; put where the cursor stands. */
import { FileTextOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Input, Modal, Popover, Segmented } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useWords } from "../i18n";
import { keyed } from "../keyboard";
import { TextsEditor } from "./TextsEditor";

type Language = "zh" | "en";

interface Props {
  interaction: string;
  /** The customer's language, as far as one can tell. */
  language: Language;
  disabled: boolean;
  /** What is being written: a new text may begin with it. */
  words: string;
  onPick(text: string): void;
}

export function TemplateMenu({ interaction, language, disabled, words, onPick }: Props) {
  const { t, language: mine } = useWords();
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState<Language | null>(null);
  const [wanted, setWanted] = useState("");
  const [keeping, setKeeping] = useState<string | null>(null);
  const found = useQuery({
    queryKey: keys.templates(interaction),
    queryFn: ({ signal }) => api.templates(interaction, signal),
    enabled: open,
    staleTime: 60_000,
  });
  const shown = chosen ?? language;
  const own = mine === "en" ? "en" : "zh";
  const keep = (begin: string): void => {
    setOpen(false);
    setKeeping(begin);
  };
  const items = (found.data?.items ?? []).filter((item) =>
    `${item.label.zh} ${item.label.en} ${item.text[shown] ?? ""}`.toLowerCase().includes(wanted.trim().toLowerCase()),
  );
  return (
    <>
    <Modal open={keeping !== null} width={860} title={t("texts.title")} footer={null} destroyOnHidden onCancel={() => setKeeping(null)}>
      {keeping !== null && <TextsEditor begin={keeping} />}
    </Modal>
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      placement="topLeft"
      destroyOnHidden
      content={
        <div className="templates" data-testid="templates">
          <div className="row">
            <Input size="small" autoFocus value={wanted} placeholder={t("mail.findTemplate")} onChange={(event) => setWanted(event.target.value)} />
            <Segmented size="small" value={shown} options={[{ value: "zh", label: "中文" }, { value: "en", label: "EN" }]} onChange={(value) => setChosen(value as Language)} />
          </div>
          <div className="template-list">
            {!found.isPending && items.length === 0 && <p className="dim">{t("mail.noTemplate")}</p>}
            {items.map((item) => (
              <button
                key={item.name}
                type="button"
                className="clear template"
                data-testid={`template-${item.name}`}
                onClick={() => {
                  onPick(item.text[shown] || item.text.zh || item.text.en || "");
                  setOpen(false);
                }}
              >
                <span className="row">
                  <strong className="cut">{item.label[own]}</strong>
                  {item.kind === "own" && <span className="tag">{t("texts.mine")}</span>}
                </span>
                <span className="dim">{item.text[shown] || item.text.zh || item.text.en}</span>
              </button>
            ))}
          </div>
          <div className="row">
            <Button type="link" size="small" data-testid="texts-open" onClick={() => keep("")}>
              {t("texts.manage")}
            </Button>
            {words.trim() !== "" && (
              <Button type="link" size="small" data-testid="text-keep" onClick={() => keep(words.trim())}>
                {t("texts.keep")}
              </Button>
            )}
          </div>
        </div>
      }
    >
      <Button type="text" icon={<FileTextOutlined />} {...keyed("L")} disabled={disabled} data-testid="templates-open">
        {t("mail.template")}
      </Button>
    </Popover>
    </>
  );
}
