/** One segment: what it is called, of whom it is, how many that would be now; kept by a new version of the policy. */
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Popconfirm } from "antd";
import { useState } from "react";
import { api } from "../api";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import type { SegmentsView, SegmentView, TriedView } from "../wire";
import { ConditionRows, type FieldWord } from "./ConditionRows";
import { asked, keyOf, whole, written } from "./conditions";

interface Props {
  item: SegmentView | null;
  found: SegmentsView;
  fields: FieldWord[];
  onClose(): void;
}

export function SegmentForm({ item, found, fields, onClose }: Props) {
  const words = useWords();
  const { t, language } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const edits = useMay("segment.edit") && !found.in_file;
  const [zh, setZh] = useState(item?.label.zh ?? "");
  const [en, setEn] = useState(item?.label.en ?? "");
  const [items, setItems] = useState(() => (item ? item.conditions.map(asked) : [{ field: "vip", op: "at_least" as const, value: "1" }]));
  const [tried, setTried] = useState<TriedView | null>(null);
  const [busy, setBusy] = useState<"try" | "save" | "drop" | null>(null);
  const complete = items.every(whole);
  const act = async (doing: "try" | "save" | "drop", what: () => Promise<void>): Promise<void> => {
    setBusy(doing);
    try {
      await what();
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(null);
    }
  };
  const kept = (now: SegmentsView | null): void => {
    if (now) queries.setQueryData(["segments"], now);
    message.success(t("segments.kept"));
    onClose();
  };
  const save = (): Promise<void> =>
    act("save", async () => {
      const key = item?.key ?? keyOf(en, found.items.map((one) => one.key));
      kept(await api.putSegment(key, { label: { zh: zh.trim(), en: en.trim() }, conditions: items.map(written), version: item?.version ?? null }));
    });
  return (
    <div className="segment-form" data-testid="segment-form">
      <h4>{t(!edits ? "segments.try" : item ? "segments.change" : "segments.new")}</h4>
      {edits && (
        <div className="row">
          <Input value={zh} placeholder={t("segments.zh")} aria-label={t("segments.zh")} maxLength={100} data-testid="segment-zh" onChange={(event) => setZh(event.target.value)} />
          <Input value={en} placeholder={t("segments.en")} aria-label={t("segments.en")} maxLength={100} data-testid="segment-en" onChange={(event) => setEn(event.target.value)} />
        </div>
      )}
      <p className="dim">{t("segments.all")}</p>
      <ConditionRows
        items={items}
        fields={fields}
        onChange={(next) => {
          setTried(null);
          setItems(next);
        }}
      />
      <p className="segment-tried" aria-live="polite" data-testid="segments-tried">
        {tried && (
          <>
            <strong>{t(tried.more ? "segments.triedSome" : "segments.tried", { n: tried.count, of: tried.looked_at })}</strong> <span className="dim">{tried.sample.map((who) => who.name).join(language === "en" ? ", " : "、")}</span>
          </>
        )}
      </p>
      <div className="row">
        {edits && item && (
          <Popconfirm title={t("segments.dropAsk")} onConfirm={() => void act("drop", async () => kept(await api.dropSegment(item.key, item.version)))}>
            <Button danger type="text" loading={busy === "drop"} data-testid="segment-drop">
              {t("segments.drop")}
            </Button>
          </Popconfirm>
        )}
        <span className="grow" />
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button loading={busy === "try"} disabled={!complete} data-testid="segments-try" onClick={() => void act("try", async () => setTried(await api.trySegment(items.map(written))))}>
          {t("segments.go")}
        </Button>
        {edits && (
          <Button type="primary" loading={busy === "save"} disabled={!complete || (zh.trim() === "" && en.trim() === "")} data-testid="segment-save" onClick={() => void save()}>
            {t("common.save")}
          </Button>
        )}
      </div>
    </div>
  );
}
