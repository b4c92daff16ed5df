/** Business records: a list for each kind, one beside it with its stages and history, and a form for those kept here. */
import { PlusOutlined, ShopOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Drawer, Select, Table } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText, useLineLabel } from "../desk";
import { fullMoment } from "../format";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, Lines, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { RecordView } from "../wire";
import { CampaignPanel } from "./CampaignPanel";
import { Closed } from "./Cards";
import { RecordForm } from "./RecordForm";
import { type Kinds, money, useKinds } from "./words";
import "./commerce.css";

export default function RecordsScreen({ selected }: { selected: string | null }) {
  const { t, language } = useWords();
  const kinds = useKinds();
  const [kind, setKind] = useState("opportunity");
  const [stage, setStage] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  const found = useInfiniteQuery({
    queryKey: keys.records(kind, stage),
    queryFn: ({ pageParam, signal }) => api.records({ kind, stage, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const shown = kinds.of(kind);
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <div className="records" data-testid="records">
      <header className="row records-bar">
        <h1>{t("commerce.title")}</h1>
        <Select value={kind} aria-label={t("commerce.title")} listHeight={480} style={{ width: 160 }} options={kinds.all.map((one) => ({ value: one.kind, label: one.label[kinds.lang] }))} onChange={(value: string) => { setKind(value); setStage(null); }} />
        <Select allowClear placeholder={t("commerce.stage")} aria-label={t("commerce.stage")} value={stage} style={{ width: 140 }} options={(shown?.stages ?? []).map((one) => ({ value: one.stage, label: one.label[kinds.lang] }))} onChange={(value: string | undefined) => setStage(value ?? null)} />
        <span className="grow" />
        {shown?.mirrored_only ? (
          <span className="dim">{t("commerce.mirroredOnly")}</span>
        ) : (
          <Button type="primary" icon={<PlusOutlined />} data-testid="record-new" onClick={() => setAdding(true)}>
            {t("commerce.new", { kind: kinds.name(kind) })}
          </Button>
        )}
      </header>
      <Table<RecordView>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.pages.flatMap((page) => page.items.map((item) => (item.closed ? { ...BLANK, ...item, title: t("identity.closed", { n: item.closed }) } : item))) ?? []}
        pagination={false}
        onRow={(item) => ({ "data-testid": "record-row", onClick: () => go("records", item.id), style: { cursor: "pointer" } }) as object}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<ShopOutlined />} title={t("commerce.none")} hint={t("commerce.noneHint")} /> }}
        columns={[
          { key: "no", title: t("commerce.no"), width: 140, ellipsis: true, render: (_, item) => <span className="num">{String(item.fields.number ?? item.no)}</span> },
          { key: "title", title: t("commerce.subject"), ellipsis: true, render: (_, item) => item.title },
          { key: "party", title: t("customer.title"), width: 180, ellipsis: true, render: (_, item) => item.party_name },
          { key: "stage", title: t("commerce.stage"), width: 110, render: (_, item) => <span className="tag">{kinds.stage(item.kind, item.stage)}</span> },
          { key: "amount", title: t("commerce.amount"), width: 130, align: "right", render: (_, item) => <span className="num">{money(item.amount, item.currency, language)}</span> },
          { key: "until", title: shown?.span?.[1]?.[kinds.lang] ?? "", width: 110, render: (_, item) => <span className="num">{item.ends_at?.slice(0, 10)}</span> },
          { key: "owner", title: t("customer.owner"), width: 110, ellipsis: true, render: (_, item) => item.owner_name },
          { key: "source", title: t("commerce.source"), width: 160, render: (_, item) => (item.source ? <span className="dim">{t("commerce.asOf", { source: item.source })} <At at={item.as_of} /></span> : t("commerce.here")) },
        ]}
      />
      {found.hasNextPage && (
        <Button type="text" block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("common.more")}
        </Button>
      )}
      <RecordPane id={selected} kinds={kinds} />
      {adding && shown && <RecordForm kind={shown} lang={kinds.lang} onClose={() => setAdding(false)} />}
    </div>
  );
}

/** What is not told of a record that is closed. */
const BLANK = { no: "", party_name: "", stage: "", owner_name: "", amount: null, currency: null, begins_at: null, ends_at: null, fields: {}, source: null, as_of: null };

function RecordPane({ id, kinds }: { id: string | null; kinds: Kinds }) {
  const words = useWords();
  const { t, language } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const lineLabel = useLineLabel();
  const found = useQuery({ queryKey: keys.record(id ?? ""), queryFn: ({ signal }) => api.record(id ?? "", signal), enabled: id !== null });
  const item = found.data;
  const act = async (doing: Promise<RecordView | null>): Promise<void> => {
    setBusy(true);
    try {
      const done = await doing;
      await queries.invalidateQueries({ queryKey: ["records"] });
      if (done && done.id !== item?.id) go("records", done.id);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  const kind = item && kinds.of(item.kind);
  return (
    <Drawer open={id !== null} size={item?.kind === "campaign" ? 760 : 560} onClose={() => go("records")} destroyOnHidden title={item ? `${kinds.name(item.kind)} ${item.no ?? ""}` : " "}>
      {found.isError ? (
        <LoadFailed again={() => void found.refetch()} />
      ) : !item ? (
        <Lines n={8} />
      ) : item.closed ? (
        <Closed level={item.closed} />
      ) : (
        <div className="record-body" data-testid="record-body">
          <h1>{item.title}</h1>
          <dl className="case-facts">
            <dt>{t("commerce.stage")}</dt>
            <dd className="row">
              <span className="tag accent">{kinds.stage(item.kind, item.stage)}</span>
              {!item.source &&
                kind?.stages
                  .find((one) => one.stage === item.stage)
                  ?.next.map((next) => (
                    <Button key={next} size="small" loading={busy} onClick={() => void act(next === "converted" ? api.convertRecord(item.id) : api.moveRecord(item.id, { stage: next }))}>
                      → {kinds.stage(item.kind, next)}
                    </Button>
                  ))}
            </dd>
            {item.party_id && (
              <>
                <dt>{t("customer.title")}</dt>
                <dd>
                  <Button type="link" size="small" onClick={() => go("customer", item.party_id)}>
                    {item.party_name || t("work.noName")}
                  </Button>
                </dd>
              </>
            )}
            {item.amount !== null && (
              <>
                <dt>{t("commerce.amount")}</dt>
                <dd className="num">{money(item.amount, item.currency, language)}</dd>
              </>
            )}
            {kind?.span?.map((label, at) => {
              const day = at === 0 ? item.begins_at : item.ends_at;
              return day ? [<dt key={`t${at}`}>{label[kinds.lang]}</dt>, <dd key={`d${at}`} className="num">{day.slice(0, 10)}</dd>] : null;
            })}
            {kind?.fields
              .filter((one) => item.fields[one.key] !== undefined)
              .map((one) => {
                const value = item.fields[one.key];
                const shown = Array.isArray(value) ? value.join("、") : one.type === "line" ? lineLabel(String(value)) : one.type === "choice" ? (one.choices[String(value)]?.[kinds.lang] ?? String(value)) : String(value);
                return [<dt key={`t${one.key}`}>{one.label[kinds.lang]}</dt>, <dd key={`d${one.key}`}>{shown}</dd>];
              })}
            {item.source && (
              <>
                <dt>{t("commerce.source")}</dt>
                <dd>
                  {t("commerce.asOf", { source: item.source })} <At at={item.as_of} />
                  {item.url && (
                    <a href={item.url} target="_blank" rel="noopener noreferrer">
                      {" "}
                      {t("commerce.openThere")}
                    </a>
                  )}
                </dd>
              </>
            )}
          </dl>
          {item.kind === "campaign" && <CampaignPanel id={item.id} running={item.stage === "running"} />}
          <ol className="record-events">
            {item.events?.map((event) => (
              <li key={event.seq}>
                <time className="dim num">{fullMoment(event.at)}</time> {t(`commerce.events.${event.type as "created"}`)}{" "}
                {event.type === "stage" && `${kinds.stage(item.kind, String(event.data.from))} → ${kinds.stage(item.kind, String(event.data.to))}`} <span className="dim">{event.actor}</span>
              </li>
            ))}
          </ol>
        </div>
      )}
    </Drawer>
  );
}
