/** What is known of a customer, changed where it stands: click or Enter, type, Enter; Escape leaves it, Tab goes on to the next. */
import { EditOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, DatePicker, Input, InputNumber, Select, Switch } from "antd";
import dayjs from "dayjs";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { api, keys } from "../api";
import { errorText, useAgentName } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import type { FieldView, PartyView } from "../wire";

type Kind = FieldView["type"] | "tags" | "level";

interface Fact {
  key: string;
  label: string;
  kind: Kind;
  value: unknown;
  options?: { value: string | number; label: string }[];
  change(value: unknown): object;
}

export function Facts({ party }: { party: PartyView }) {
  const words = useWords();
  const { t } = words;
  const { message, modal } = AntApp.useApp();
  const queries = useQueryClient();
  const [open, setOpen] = useState<string | null>(null);
  const facts = useFacts(party);
  const save = async (fact: Fact, value: unknown, version = party.row_version): Promise<void> => {
    if (same(value, fact.value)) return setOpen(null);
    try {
      const saved = await api.changeParty(party.id, { ...fact.change(value), row_version: version });
      if (saved) queries.setQueryData(keys.party(party.id), saved);
      setOpen(null);
    } catch (error) {
      const refused = error as CommandError;
      if (refused.code !== "changed") {
        message.error(errorText(words, refused));
        return;
      }
      const theirs = await api.party(party.id);
      queries.setQueryData(keys.party(party.id), theirs);
      modal.confirm({
        title: t("facts.changed"),
        content: t("facts.changedHint", { field: fact.label, value: show(value) || "–" }),
        okText: t("facts.mine"),
        cancelText: t("facts.theirs"),
        onOk: () => save(fact, value, theirs.row_version),
        onCancel: () => setOpen(null),
      });
    }
  };
  const next = (fact: Fact, back: boolean): void => {
    const at = facts.findIndex((one) => one.key === fact.key) + (back ? -1 : 1);
    setOpen(facts[at]?.key ?? null);
  };
  return (
    <dl className="party-facts" data-testid="party-facts">
      {facts.map((fact) => (
        <div key={fact.key} data-testid="party-fact" data-key={fact.key}>
          <dt>{fact.label}</dt>
          <dd>
            {open === fact.key ? (
              <Editor fact={fact} onSave={(value) => void save(fact, value)} onLeave={() => setOpen(null)} onNext={(back) => next(fact, back)} />
            ) : (
              <button type="button" className="clear fact-value cut" onClick={() => setOpen(fact.key)}>
                <Shown fact={fact} />
                <EditOutlined className="dim fact-pen" />
              </button>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The fields of a customer's own record, then those this house has added. */
function useFacts(party: PartyView): Fact[] {
  const { t, word, language } = useWords();
  const defined = useQuery({ queryKey: ["fields", "party"], queryFn: ({ signal }) => api.fields("party", signal), staleTime: 60_000 });
  const agents = useQuery({ queryKey: keys.agents, queryFn: ({ signal }) => api.agents(signal) });
  const people = (agents.data?.items ?? []).map((agent) => ({ value: agent.agent, label: agent.name ?? agent.agent }));
  const plain = (key: keyof PartyView & string, kind: Kind, options?: Fact["options"]): Fact => ({
    key,
    label: word("facts.fields", key),
    kind,
    value: party[key],
    options,
    change: (value) => ({ [key]: value }),
  });
  const choices = (path: string, names: string[]): Fact["options"] => names.map((value) => ({ value, label: word(path as never, value) }));
  const wish = (key: "channel" | "hours" | "do_not_call", kind: Kind, options?: Fact["options"]): Fact => ({
    key: `preferences.${key}`,
    label: word("facts.fields", key),
    kind,
    value: party.preferences?.[key],
    options,
    change: (value) => ({ preferences: { ...party.preferences, [key]: value ?? null } }),
  });
  const own = (field: FieldView): Fact => ({
    key: `custom.${field.key}`,
    label: (language === "en" ? (field.labels.en ?? field.labels.zh) : (field.labels.zh ?? field.labels.en)) || field.key,
    kind: field.type,
    value: party.custom?.[field.key],
    options:
      field.type === "user"
        ? people
        : field.options
            .filter((option) => !option.retired || option.key === party.custom?.[field.key])
            .map((option) => ({ value: option.key, label: (language === "en" ? option.label.en : option.label.zh) ?? option.key })),
    change: (value) => ({ custom: { [field.key]: value ?? null } }),
  });
  return [
    plain("name", "text"),
    plain("salutation", "text"),
    plain("legal_name", "text"),
    plain("uscc", "text"),
    plain("lifecycle", "select", choices("customer.lifecycles", ["unknown", "prospect", "customer", "former"])),
    plain("roles", "multi", choices("facts.roles", ["customer", "supplier", "partner"])),
    plain("owner", "select", people),
    plain("team", "text"),
    plain("vip", "level", [0, 1, 2, 3].map((value) => ({ value, label: value === 0 ? "–" : t("contact.vip", { n: value }) }))),
    plain("credit_level", "level", [0, 1, 2, 3, 4, 5].map((value) => ({ value, label: String(value) }))),
    plain("credit_flag", "select", choices("facts.flags", ["watch", "stop"])),
    plain("language", "select", [{ value: "zh", label: "中文" }, { value: "en", label: "English" }]),
    wish("channel", "select", choices("channel", ["voice", "email", "chat", "fax"])),
    wish("hours", "text"),
    wish("do_not_call", "bool"),
    plain("tags", "tags"),
    ...(defined.data?.items ?? []).map(own),
  ];
}

function Shown({ fact }: { fact: Fact }): ReactNode {
  const { t } = useWords();
  const agent = useAgentName();
  const { value } = fact;
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return <span className="dim">–</span>;
  if (typeof value === "boolean") return value ? <span className={fact.key === "preferences.do_not_call" ? "tag bad" : ""}>{t("common.on")}</span> : t("common.off");
  const named = (one: unknown): string => fact.options?.find((option) => option.value === one)?.label ?? (fact.key === "owner" ? agent(String(one)) : String(one));
  if (Array.isArray(value)) {
    return value.map((one) => (
      <span key={String(one)} className="tag">
        {named(one)}
      </span>
    ));
  }
  return <span className={fact.value === "stop" ? "tag bad" : ""}>{named(value)}</span>;
}

interface EditorProps {
  fact: Fact;
  onSave(value: unknown): void;
  onLeave(): void;
  onNext(back: boolean): void;
}

function Editor({ fact, onSave, onLeave, onNext }: EditorProps) {
  const [value, setValue] = useState<unknown>(fact.value);
  const typed = (event: KeyboardEvent): void => {
    if (event.key === "Escape") onLeave();
    else if (event.key === "Tab") {
      event.preventDefault();
      onSave(value);
      onNext(event.shiftKey);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing && fact.kind !== "long") onSave(value);
  };
  const common = { autoFocus: true, size: "small" as const, "data-testid": "fact-editor" };
  switch (fact.kind) {
    case "select":
    case "user":
    case "level":
      return (
        <Select
          {...common}
          defaultOpen
          allowClear={fact.kind !== "level"}
          showSearch={{ optionFilterProp: "label" }}
          value={(value as string | number | null) ?? undefined}
          options={fact.options}
          onChange={(chosen: unknown) => onSave(chosen ?? null)}
          onBlur={onLeave}
          onInputKeyDown={(event) => event.key === "Escape" && onLeave()}
        />
      );
    case "multi":
    case "tags":
      return (
        <Select
          {...common}
          mode={fact.kind === "tags" ? "tags" : "multiple"}
          tokenSeparators={["，", ",", "、"]}
          value={(value as string[] | undefined) ?? []}
          options={fact.options}
          onChange={setValue}
          onBlur={() => onSave(value ?? [])}
          onInputKeyDown={(event) => event.key === "Escape" && onLeave()}
        />
      );
    case "bool":
      return (
        <span className="row">
          <Switch {...common} checked={value === true} onChange={onSave} />
          <Button size="small" type="text" onClick={onLeave}>
            ×
          </Button>
        </span>
      );
    case "date":
      return <DatePicker {...common} value={value ? dayjs(String(value)) : null} onChange={(day) => onSave(day?.format("YYYY-MM-DD") ?? null)} onKeyDown={typed} />;
    case "int":
    case "decimal":
    case "money":
      return (
        <InputNumber
          {...common}
          stringMode={fact.kind !== "int"}
          precision={fact.kind === "int" ? 0 : fact.kind === "money" ? 2 : undefined}
          value={value as number | string | null}
          onChange={setValue}
          onKeyDown={typed}
          onBlur={() => onSave(value ?? null)}
        />
      );
    case "long":
      return <Input.TextArea {...common} rows={3} value={String(value ?? "")} onChange={(event) => setValue(event.target.value)} onKeyDown={typed} onBlur={() => onSave(value ?? null)} />;
    default:
      return <Input {...common} value={String(value ?? "")} maxLength={500} onChange={(event) => setValue(event.target.value)} onKeyDown={typed} onBlur={() => onSave(value ?? "")} />;
  }
}

function same(one: unknown, other: unknown): boolean {
  const bare = (value: unknown): string => JSON.stringify(value === "" || value === undefined || (Array.isArray(value) && value.length === 0) ? null : value);
  return bare(one) === bare(other);
}

function show(value: unknown): string {
  return Array.isArray(value) ? value.join("、") : value === null || value === undefined ? "" : String(value);
}
