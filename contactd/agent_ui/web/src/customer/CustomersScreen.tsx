/** The customers: found by tag, owner, what they are, fields of the house, and by what follows from their contacts and cases. */
import { ApartmentOutlined, PlusOutlined, SettingOutlined, TeamOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Input, InputNumber, Modal, Select, Switch, Table } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useAgentName, useMay } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, LoadFailed, Vip } from "../shell/bits";
import type { FieldView, PartyView } from "../wire";
import { FieldsDialog } from "./FieldsDialog";
import { NewParty } from "./NewParty";
import { Scores, segmentName, useSegments } from "./Scores";
import { SegmentsDialog } from "./SegmentsDialog";
import "./customer.css";

const CLASSES = ["A", "B", "C"];

interface Filter {
  q: string | null;
  tag: string | null;
  owner: string | null;
  role: string | null;
  segment: string | null;
  value_class: string | null;
  contact_class: string | null;
  lifecycle: string | null;
  vip: number | null;
  quiet_days: number | null;
  contract_days: number | null;
  complaints: boolean | null;
  fields: Record<string, string>;
}

const NOTHING: Filter = { q: null, tag: null, owner: null, role: null, segment: null, value_class: null, contact_class: null, lifecycle: null, vip: null, quiet_days: null, contract_days: null, complaints: null, fields: {} };

export default function CustomersScreen() {
  const { t, word, language } = useWords();
  const [filter, setFilter] = useState<Filter>(NOTHING);
  const [adding, setAdding] = useState(false);
  const [defining, setDefining] = useState(false);
  const [sorting, setSorting] = useState(false);
  const segments = useSegments();
  const agentName = useAgentName();
  const manages = useMay("field.manage");
  const adds = useMay("party.create");
  const agents = useQuery({ queryKey: keys.agents, queryFn: ({ signal }) => api.agents(signal) });
  const defined = useQuery({ queryKey: ["fields", "party"], queryFn: ({ signal }) => api.fields("party", signal), staleTime: 60_000 });
  const { fields, ...rest } = filter;
  const asked = { ...rest, complaints: filter.complaints || null, field: Object.entries(fields).map(([key, value]) => `${key}:${value}`) };
  const found = useInfiniteQuery({
    queryKey: ["parties", asked],
    queryFn: ({ pageParam, signal }) => api.parties({ ...asked, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const set = (change: Partial<Filter>): void => setFilter({ ...filter, ...change });
  const filterable = (defined.data?.items ?? []).filter((field) => field.filterable);
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <div className="customers" data-testid="customers">
      <header className="row customers-head">
        <h1>{t("customers.title")}</h1>
        <span className="grow" />
        <Button icon={<ApartmentOutlined />} data-testid="segments-open" onClick={() => setSorting(true)}>
          {t("segments.title")}
        </Button>
        {manages && (
          <Button icon={<SettingOutlined />} data-testid="fields-open" onClick={() => setDefining(true)}>
            {t("fields.title")}
          </Button>
        )}
        {adds && <Button type="primary" icon={<PlusOutlined />} data-testid="customers-new" onClick={() => setAdding(true)}>
          {t("customer.create")}
        </Button>}
      </header>
      <div className="row customers-head">
        <Input.Search allowClear placeholder={t("customers.q")} style={{ width: 200 }} data-testid="customers-q" onSearch={(q) => set({ q: q.trim() || null })} />
        <Input allowClear placeholder={t("customers.tag")} style={{ width: 120 }} data-testid="customers-tag" onPressEnter={(event) => set({ tag: event.currentTarget.value.trim() || null })} onChange={(event) => event.target.value === "" && set({ tag: null })} />
        <Choice label={t("customer.owner")} value={filter.owner} options={(agents.data?.items ?? []).map((one) => [one.agent, one.name ?? one.agent])} onPick={(owner) => set({ owner })} />
        <Choice label={t("facts.fields.roles")} value={filter.role} options={["customer", "supplier", "partner"].map((one) => [one, word("facts.roles", one)])} onPick={(role) => set({ role })} />
        <Choice label={t("facts.fields.lifecycle")} value={filter.lifecycle} options={["prospect", "customer", "former", "unknown"].map((one) => [one, word("customer.lifecycles", one)])} onPick={(lifecycle) => set({ lifecycle })} />
        <Choice label="VIP" value={filter.vip === null ? null : String(filter.vip)} options={["1", "2", "3"].map((one) => [one, `≥ ${one}`])} onPick={(vip) => set({ vip: vip === null ? null : Number(vip) })} />
        {(segments.data?.items.length ?? 0) > 0 && (
          <Choice label={t("segments.one")} value={filter.segment} options={(segments.data?.items ?? []).map((one) => [one.key, segmentName(segments.data, one.key, language)])} onPick={(segment) => set({ segment })} />
        )}
        <Choice label={t("scores.byValue")} value={filter.value_class} options={CLASSES.map((one) => [one, t("scores.value", { class: one })])} onPick={(value_class) => set({ value_class })} />
        <Choice label={t("scores.byContact")} value={filter.contact_class} options={CLASSES.map((one) => [one, t("scores.contact", { class: one })])} onPick={(contact_class) => set({ contact_class })} />
        {filterable.map((field) => (
          <FieldFilter key={field.id} field={field} language={language} value={fields[field.key] ?? null} onPick={(value) => set({ fields: without(fields, field.key, value) })} />
        ))}
        <InputNumber min={1} max={3650} placeholder={t("customers.quiet")} aria-label={t("customers.quiet")} value={filter.quiet_days} style={{ width: 150 }} suffix={t("customers.days")} onChange={(days) => set({ quiet_days: days })} />
        <InputNumber min={1} max={3650} placeholder={t("customers.contract")} aria-label={t("customers.contract")} value={filter.contract_days} style={{ width: 190 }} suffix={t("customers.days")} data-testid="customers-contract" onChange={(days) => set({ contract_days: days })} />
        <label className="row">
          <Switch size="small" checked={filter.complaints === true} data-testid="customers-complaints" onChange={(on) => set({ complaints: on || null })} /> {t("customers.complaints")}
        </label>
      </div>
      <div className="customers-list">
        <Table<PartyView>
          size="small"
          rowKey="id"
          loading={found.isPending}
          dataSource={found.data?.pages.flatMap((page) => page.items) ?? []}
          pagination={false}
          onRow={(item) => ({ "data-testid": "customer-row", tabIndex: 0, onClick: () => go("customer", item.id), onKeyDown: (event: { key: string }) => event.key === "Enter" && go("customer", item.id), style: { cursor: "pointer" } }) as object}
          locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<TeamOutlined />} title={t("customers.none")} hint={t("customers.noneHint")}><Button onClick={() => setFilter(NOTHING)}>{t("customers.clear")}</Button></Hollow> }}
          columns={[
            { key: "name", title: t("customer.name"), width: 190, ellipsis: true, render: (_, item) => <span className="row"><strong className="cut">{item.name}</strong><Vip level={item.vip} />{item.credit_flag && <span className="tag bad">{word("facts.flags", item.credit_flag)}</span>}</span> },
            { key: "kind", title: t("customers.kind"), width: 104, render: (_, item) => word("customer.kinds", item.kind) },
            { key: "points", title: t("customer.points"), width: "26%", ellipsis: true, render: (_, item) => <span className="num">{(item.points ?? []).slice(0, 2).map((point) => point.display).join(" · ")}</span> },
            { key: "tags", title: t("facts.fields.tags"), width: 180, ellipsis: true, render: (_, item) => (item.tags ?? []).map((tag) => <span key={tag} className="tag">{tag}</span>) },
            { key: "scores", title: t("scores.title"), width: 260, ellipsis: true, render: (_, item) => <Scores party={item} plain /> },
            { key: "owner", title: t("customer.owner"), width: 110, ellipsis: true, render: (_, item) => (item.owner ? agentName(item.owner) : "") },
            { key: "last", title: t("customers.last"), width: 120, render: (_, item) => (item.last_contact_at ? <At at={item.last_contact_at} /> : <span className="dim">–</span>) },
            { key: "complaints", title: t("customers.open"), width: 110, render: (_, item) => (item.open_complaints ? <span className="tag bad num">{item.open_complaints}</span> : "") },
          ]}
        />
        {found.hasNextPage && (
          <Button type="text" block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t("common.more")}
          </Button>
        )}
      </div>
      {defining && <FieldsDialog onClose={() => setDefining(false)} />}
      {sorting && (
        <SegmentsDialog
          own={(defined.data?.items ?? []).map((field) => ({ key: field.key, label: (language === "en" ? field.labels.en : field.labels.zh) ?? field.key }))}
          onClose={() => setSorting(false)}
          onPick={(segment) => {
            set({ segment });
            setSorting(false);
          }}
        />
      )}
      {adding && (
        <Modal open title={t("customer.create")} footer={null} onCancel={() => setAdding(false)}>
          <NewParty point={null} suggested={null} onCancel={() => setAdding(false)} onCreated={(party) => go("customer", party.id)} />
        </Modal>
      )}
    </div>
  );
}

function without(fields: Record<string, string>, key: string, value: string | null): Record<string, string> {
  const { [key]: _gone, ...left } = fields;
  return value === null ? left : { ...left, [key]: value };
}

interface ChoiceProps {
  label: string;
  value: string | null;
  options: [string, string][];
  onPick(value: string | null): void;
}

function Choice({ label, value, options, onPick }: ChoiceProps) {
  return (
    <Select
      allowClear
      showSearch={{ optionFilterProp: "label" }}
      placeholder={label}
      aria-label={label}
      value={value ?? undefined}
      style={{ minWidth: 110 }}
      options={options.map(([key, text]) => ({ value: key, label: text }))}
      onChange={(picked: string | undefined) => onPick(picked ?? null)}
    />
  );
}

function FieldFilter({ field, language, value, onPick }: { field: FieldView; language: string; value: string | null; onPick(value: string | null): void }) {
  const label = (language === "en" ? (field.labels.en ?? field.labels.zh) : (field.labels.zh ?? field.labels.en)) || field.key;
  if (field.type === "select" || field.type === "multi") {
    return <Choice label={label} value={value} options={field.options.map((one) => [one.key, (language === "en" ? one.label.en : one.label.zh) ?? one.key])} onPick={onPick} />;
  }
  return <Input allowClear placeholder={label} style={{ width: 120 }} onPressEnter={(event) => onPick(event.currentTarget.value.trim() || null)} onChange={(event) => event.target.value === "" && onPick(null)} />;
}
