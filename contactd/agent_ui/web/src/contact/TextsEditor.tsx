/** Texts one writes once and uses often: one's own, and, for supervisors, everybody's; with preview and how each stood before. */
import { DeleteOutlined, HistoryOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Dropdown, Input, Popconfirm, Segmented, Select } from "antd";
import { useRef, useState } from "react";
import { api, keys } from "../api";
import { errorText, useAgentName, useConsole, usePolicy } from "../desk";
import { fullMoment } from "../format";
import { useWords } from "../i18n";
import { Hollow, Lines } from "../shell/bits";
import type { CommandError } from "../socket";
import type { TextBlock } from "../wire";

type Language = "zh" | "en";
type Writing = Pick<TextBlock, "name" | "text" | "lines" | "shared"> & { id: string | null; row_version: number };

interface Props {
  /** Words a new text begins with. */
  begin?: string;
}

export function TextsEditor({ begin = "" }: Props) {
  const { t } = useWords();
  const found = useQuery({ queryKey: keys.texts, queryFn: ({ signal }) => api.texts(signal) });
  const role = useConsole((state) => state.me.role) ?? null;
  const oversees = role === "supervisor" || role === "admin";
  const [open, setOpen] = useState<Writing | null>(begin === "" ? null : blank(begin));
  const items = found.data?.items ?? [];
  const group = (shared: boolean): React.ReactNode => {
    const some = items.filter((item) => item.shared === shared);
    return (
      <>
        <h2 className="dim">{t(shared ? "texts.shared" : "texts.own")}</h2>
        {some.length === 0 && <p className="dim">{t("texts.none")}</p>}
        {some.map((item) => (
          <button
            key={item.id}
            type="button"
            className={`clear template${open?.id === item.id ? " on" : ""}`}
            data-testid="text-item"
            onClick={() => setOpen({ ...item })}
          >
            <strong className="cut">{item.name}</strong>
            <span className="dim">{item.text.zh || item.text.en}</span>
          </button>
        ))}
      </>
    );
  };
  return (
    <div className="texts" data-testid="texts">
      <div className="texts-list">
        <Button icon={<PlusOutlined />} data-testid="text-new" onClick={() => setOpen(blank(""))}>
          {t("texts.new")}
        </Button>
        {found.isPending ? <Lines n={4} /> : group(false)}
        {!found.isPending && group(true)}
      </div>
      {open === null ? (
        <Hollow title={t("texts.intro")} />
      ) : (
        <TextForm
          key={`${open.id}.${open.row_version}`}
          before={open}
          places={found.data?.places ?? []}
          oversees={oversees}
          onSaved={(item) => setOpen({ ...item })}
          onGone={() => setOpen(null)}
        />
      )}
    </div>
  );
}

function blank(words: string): Writing {
  const language: Language = words === "" || /[\u3400-\u9fff]/.test(words) ? "zh" : "en";
  return { id: null, name: "", text: words === "" ? {} : { [language]: words }, lines: [], shared: false, row_version: 0 };
}

interface FormProps {
  before: Writing;
  places: string[];
  oversees: boolean;
  onSaved(item: TextBlock): void;
  onGone(): void;
}

function TextForm({ before, places, oversees, onSaved, onGone }: FormProps) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const { lines } = usePolicy();
  const field = useRef<HTMLTextAreaElement>(null);
  const [now, setNow] = useState(before);
  const [language, setLanguage] = useState<Language>(before.text.zh || !before.text.en ? "zh" : "en");
  const [busy, setBusy] = useState(false);
  const readOnly = before.id !== null && before.shared && !oversees;
  const shown = now.text[language] ?? "";
  const filled = useFilled(shown);
  const put = (text: string): void => setNow({ ...now, text: { ...now.text, [language]: text } });
  const place = (name: string): void => {
    const at = field.current?.selectionStart ?? shown.length;
    put(`${shown.slice(0, at)}{${name}}${shown.slice(field.current?.selectionEnd ?? at)}`);
    field.current?.focus();
  };
  const act = async (doing: () => Promise<TextBlock | null>): Promise<void> => {
    setBusy(true);
    try {
      const item = await doing();
      await Promise.all([queries.invalidateQueries({ queryKey: keys.texts }), queries.invalidateQueries({ queryKey: ["templates"] })]);
      if (item === null) onGone();
      else onSaved(item);
      message.success(t(item === null ? "texts.removed" : "texts.saved"));
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  const save = (): void => {
    const given = { name: now.name.trim(), text: now.text, lines: now.lines };
    void act(() => (now.id === null ? api.addText({ ...given, shared: now.shared }) : api.changeText(now.id, { ...given, row_version: now.row_version })));
  };
  const says = Object.values(now.text).some((text) => text.trim() !== "");
  return (
    <div className="text-form" data-testid="text-form">
      <div className="row">
        <Input value={now.name} disabled={readOnly} maxLength={100} placeholder={t("texts.name")} data-testid="text-name" onChange={(event) => setNow({ ...now, name: event.target.value })} />
        {now.id === null && oversees && (
          <Segmented
            value={now.shared ? "shared" : "own"}
            options={[
              { value: "own", label: t("texts.forMe") },
              { value: "shared", label: <span data-testid="text-shared">{t("texts.forAll")}</span> },
            ]}
            onChange={(value) => setNow({ ...now, shared: value === "shared" })}
          />
        )}
      </div>
      <Select
        mode="multiple"
        disabled={readOnly}
        value={now.lines}
        placeholder={t("texts.allLines")}
        options={lines.map((line) => ({ value: line.code, label: line.label }))}
        aria-label={t("texts.allLines")}
        onChange={(chosen: string[]) => setNow({ ...now, lines: chosen })}
      />
      <div className="row wrap">
        <Segmented size="small" value={language} options={[{ value: "zh", label: "中文" }, { value: "en", label: "EN" }]} onChange={(value) => setLanguage(value as Language)} />
        <span className="grow" />
        {!readOnly &&
          places.map((name) => (
            <Button key={name} size="small" data-testid={`place-${name}`} onClick={() => place(name)}>
              {word("texts.places", name)}
            </Button>
          ))}
      </div>
      <textarea
        ref={field}
        className="text-words"
        value={shown}
        readOnly={readOnly}
        maxLength={10_000}
        aria-label={t("texts.words")}
        placeholder={t("texts.words")}
        data-testid="text-words"
        onChange={(event) => put(event.target.value)}
      />
      <div className="text-preview" data-testid="text-preview">
        <span className="dim">{t("texts.preview")}</span>
        <p>{filled || "—"}</p>
      </div>
      <div className="row">
        {!readOnly && (
          <Button type="primary" loading={busy} disabled={now.name.trim() === "" || !says} data-testid="text-save" onClick={save}>
            {t("texts.save")}
          </Button>
        )}
        {now.id !== null && !readOnly && (
          <Popconfirm
            title={t("texts.sure")}
            okText={t("texts.remove")}
            cancelText={t("hint.back")}
            onConfirm={() => {
              const ident = now.id;
              if (ident !== null) void act(() => api.removeText(ident).then(() => null));
            }}
          >
            <Button icon={<DeleteOutlined />} disabled={busy}>
              {t("texts.remove")}
            </Button>
          </Popconfirm>
        )}
        <span className="grow" />
        {now.id !== null && <Versions ident={now.id} onPick={(text, name) => setNow({ ...now, text, name })} readOnly={readOnly} />}
      </div>
    </div>
  );
}

function Versions({ ident, readOnly, onPick }: { ident: string; readOnly: boolean; onPick(text: TextBlock["text"], name: string): void }) {
  const { t } = useWords();
  const name = useAgentName();
  const [open, setOpen] = useState(false);
  const found = useQuery({ queryKey: [...keys.texts, ident], queryFn: ({ signal }) => api.textVersions(ident, signal), enabled: open });
  const items = (found.data?.items ?? []).map((one) => ({
    key: one.version,
    disabled: readOnly,
    label: `${one.version} · ${fullMoment(one.at)} · ${name(one.agent)}`,
    onClick: () => onPick(one.text, one.name),
  }));
  return (
    <Dropdown open={open} onOpenChange={setOpen} trigger={["click"]} menu={{ items }}>
      <Button type="text" icon={<HistoryOutlined />} data-testid="text-versions">
        {t("texts.versions")}
      </Button>
    </Dropdown>
  );
}

/** What it says for a customer of the example. */
function useFilled(text: string): string {
  const { t } = useWords();
  const { lines } = usePolicy();
  const me = useConsole((state) => state.me.name) ?? "";
  const known: Record<string, string> = {
    customer_name: t("texts.sampleCustomer"),
    agent_name: me,
    line: lines[0]?.label ?? "",
    subject: t("texts.sampleSubject"),
    date: new Date().toISOString().slice(0, 10),
  };
  return text.replace(/\{([a-z_]{1,40})\}/g, (whole, name: string) => known[name] ?? whole);
}
