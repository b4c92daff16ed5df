/** The segments of customers with how many each has; to be picked, made, changed and taken out. */
import { EditOutlined, PlusOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Modal } from "antd";
import { useState } from "react";
import { api } from "../api";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { At, Hollow, Lines, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { SegmentView } from "../wire";
import { asked, type Condition } from "./conditions";
import { SegmentForm } from "./SegmentForm";
import { useSegments } from "./Scores";

const REFRESHED_MS = 3000;

export function SegmentsDialog({ own, onClose, onPick }: { own: { key: string; label: string }[]; onClose(): void; onPick(key: string): void }) {
  const words = useWords();
  const { t, word, language } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const tries = useMay("segment.try");
  const edits = useMay("segment.edit");
  const found = useSegments();
  /** Which one is in hand: its key, "" for a new one. */
  const [hand, setHand] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const fields = [...(found.data?.fields ?? []).map((key) => ({ value: key, label: word("segments.fields", key, key) })), ...own.map((one) => ({ value: `custom.${one.key}`, label: one.label }))];
  const refresh = async (): Promise<void> => {
    setBusy(true);
    try {
      await api.refreshSegments();
      message.info(t("segments.begun"));
      setTimeout(() => void queries.invalidateQueries({ queryKey: ["segments"] }), REFRESHED_MS);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  const told = (condition: Condition): string => {
    const { field, op, value } = asked(condition);
    const name = fields.find((one) => one.value === field)?.label ?? field;
    if (op === "known") return `${name} ${value === "no" ? t("segments.no") : t("segments.yes")}`;
    return `${name} ${word("segments.ops", op)} ${value}`;
  };
  const name = (one: SegmentView): string => (language === "en" ? one.label.en : one.label.zh) || one.key;
  const inHand = found.data?.items.find((one) => one.key === hand) ?? null;
  return (
    <Modal open width={760} title={t("segments.title")} footer={null} onCancel={onClose}>
      <div className="field-defs" data-testid="segments">
        <p className="dim">{t(found.data?.in_file ? "segments.inFile" : "segments.hint")}</p>
        {found.isPending && <Lines n={3} />}
        {found.isError && <LoadFailed again={() => void found.refetch()} />}
        {found.data?.items.length === 0 && hand === null && <Hollow title={t("segments.none")} hint={t("segments.noneHint")} />}
        {found.data?.items.map((one) => (
          <div key={one.key} className={`row fields-row${one.key === hand ? " in-hand" : ""}`} data-testid="segment-row" data-key={one.key}>
            <Button type="link" size="small" title={t("segments.show")} onClick={() => onPick(one.key)}>
              {name(one)}
            </Button>
            <span className="dim cut grow" title={one.conditions.map(told).join("\n")}>
              {one.conditions.map(told).join(language === "en" ? "; " : "；")}
            </span>
            <span className="num">{t("segments.count", { n: one.count })}</span>
            {tries && <Button type="text" size="small" icon={<EditOutlined />} aria-label={`${t(edits ? "segments.change" : "segments.try")} ${name(one)}`} data-testid="segment-edit" onClick={() => setHand(one.key)} />}
          </div>
        ))}
        {tries && found.data && hand !== null && <SegmentForm key={hand} item={inHand} found={found.data} fields={fields} onClose={() => setHand(null)} />}
        <div className="row segments-foot">
          <span className="dim grow">
            {t("segments.classes", { value: classes(found.data?.value), contact: classes(found.data?.contact) })}
            {found.data?.as_of && (
              <>
                {" · "}
                {t("scores.asOf")} <At at={found.data.as_of} />
              </>
            )}
          </span>
          {tries && (
            <>
              <Button size="small" loading={busy || found.data?.counting} data-testid="segments-refresh" onClick={() => void refresh()}>
                {t("segments.refresh")}
              </Button>
              {hand === null && (
                <Button size="small" type="primary" icon={<PlusOutlined />} data-testid="segment-new" onClick={() => setHand("")}>
                  {t(edits && !found.data?.in_file ? "segments.new" : "segments.try")}
                </Button>
              )}
            </>
          )}
        </div>
      </div>
    </Modal>
  );
}

function classes(counted: Record<string, number> | undefined): string {
  return ["A", "B", "C"].map((one) => `${one} ${counted?.[one] ?? 0}`).join(" · ");
}
