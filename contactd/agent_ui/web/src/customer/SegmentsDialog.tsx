/** The segments of customers with how many each has, and a place to try out another one before the policy says so. */
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Modal, Select } from "antd";
import { useState } from "react";
import { api } from "../api";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { At, Lines } from "../shell/bits";
import type { CommandError } from "../socket";
import type { TriedView } from "../wire";
import { useSegments } from "./Scores";

const OPS = ["is", "is_not", "any_of", "has", "lacks", "at_least", "at_most", "known"] as const;
const REFRESHED_MS = 3000;

interface Asked {
  field: string;
  op: (typeof OPS)[number];
  value: string;
}

export function SegmentsDialog({ own, onClose, onPick }: { own: { key: string; label: string }[]; onClose(): void; onPick(key: string): void }) {
  const words = useWords();
  const { t, word, language } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const tries = useMay("segment.try");
  const found = useSegments();
  const [asked, setAsked] = useState<Asked[]>([{ field: "vip", op: "at_least", value: "1" }]);
  const [tried, setTried] = useState<TriedView | null>(null);
  const [busy, setBusy] = useState(false);
  const act = async (doing: () => Promise<void>): Promise<void> => {
    setBusy(true);
    try {
      await doing();
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  const set = (at: number, change: Partial<Asked>): void => {
    setTried(null);
    setAsked(asked.map((one, place) => (place === at ? { ...one, ...change } : one)));
  };
  const refresh = (): Promise<void> =>
    act(async () => {
      await api.refreshSegments();
      message.info(t("segments.begun"));
      setTimeout(() => void queries.invalidateQueries({ queryKey: ["segments"] }), REFRESHED_MS);
    });
  const fields = [...(found.data?.fields ?? []).map((key) => ({ value: key, label: word("segments.fields", key, key) })), ...own.map((one) => ({ value: `custom.${one.key}`, label: one.label }))];
  const told = (condition: Record<string, unknown>): string => {
    const op = OPS.find((one) => one in condition) ?? "is";
    const name = fields.find((one) => one.value === condition.field)?.label ?? String(condition.field);
    const value = condition[op];
    return `${name} ${word("segments.ops", op)} ${Array.isArray(value) ? value.join("、") : op === "known" ? "" : String(value)}`.trim();
  };
  return (
    <Modal open width={720} title={t("segments.title")} footer={null} onCancel={onClose}>
      <div className="field-defs" data-testid="segments">
        <p className="dim">{t("segments.hint")}</p>
        {found.isPending && <Lines n={3} />}
        {found.data?.items.length === 0 && <p className="dim">{t("segments.none")}</p>}
        {found.data?.items.map((one) => (
          <div key={one.key} className="row fields-row" data-testid="segment-row">
            <Button type="link" size="small" onClick={() => onPick(one.key)}>
              {(language === "en" ? one.label.en : one.label.zh) || one.key}
            </Button>
            <span className="dim cut grow">{one.conditions.map(told).join(language === "en" ? "; " : "；")}</span>
            <span className="num">{t("segments.count", { n: one.count })}</span>
          </div>
        ))}
        <div className="row">
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
            <Button size="small" loading={busy || found.data?.counting} data-testid="segments-refresh" onClick={() => void refresh()}>
              {t("segments.refresh")}
            </Button>
          )}
        </div>
        {tries && (
          <>
            <h4>{t("segments.try")}</h4>
            {asked.map((one, at) => (
              <div key={at} className="row">
                <Select showSearch={{ optionFilterProp: "label" }} value={one.field} style={{ width: 200 }} options={fields} onChange={(field) => set(at, { field })} />
                <Select value={one.op} style={{ width: 130 }} options={OPS.map((op) => ({ value: op, label: word("segments.ops", op) }))} onChange={(op) => set(at, { op })} />
                {one.op !== "known" && <Input value={one.value} placeholder={t("segments.value")} maxLength={200} onChange={(event) => set(at, { value: event.target.value })} />}
                <Button type="text" disabled={asked.length === 1} aria-label={t("segments.less")} onClick={() => setAsked(asked.filter((_, place) => place !== at))}>
                  ×
                </Button>
              </div>
            ))}
            <div className="row">
              <Button size="small" onClick={() => setAsked([...asked, { field: "tags", op: "has", value: "" }])}>
                {t("segments.more")}
              </Button>
              <Button size="small" type="primary" loading={busy} data-testid="segments-try" onClick={() => void act(async () => setTried(await api.trySegment(asked.map(sent))))}>
                {t("segments.go")}
              </Button>
              {tried && (
                <span data-testid="segments-tried">
                  {t(tried.more ? "segments.triedSome" : "segments.tried", { n: tried.count, of: tried.looked_at })}{" "}
                  <span className="dim">{tried.sample.map((who) => who.name).join(language === "en" ? ", " : "、")}</span>
                </span>
              )}
            </div>
          </>
        )}
      </div>
    </Modal>
  );
}

function classes(counted: Record<string, number> | undefined): string {
  return ["A", "B", "C"].map((one) => `${one} ${counted?.[one] ?? 0}`).join(" · ");
}

/** What was typed as a condition is written in a policy: numbers as numbers. */
function sent({ field, op, value }: Asked): object {
  if (op === "known") return { field, known: true };
  if (op === "any_of") return { field, any_of: value.split(/[,，、]/).map((one) => one.trim()).filter(Boolean) };
  const number = Number(value);
  return { field, [op]: value.trim() !== "" && Number.isFinite(number) ? number : value };
}
