/** Two records side by side: which one stays, and whose value each field takes; undone with one click afterwards. */
import { SwapOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, type ButtonProps, Input, Modal, Radio } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import { Lines } from "../shell/bits";
import type { CommandError } from "../socket";
import type { PartyView } from "../wire";

const FIELDS = ["name", "kind", "salutation", "legal_name", "uscc", "lifecycle", "vip", "language", "owner"] as const;
type Field = (typeof FIELDS)[number];

interface Props {
  /** The record one came from; it stays unless the agent turns it round. */
  one: string;
  other: string;
  onDone(survivor: string): void;
  onClose(): void;
}

export function MergeDialog({ one, other, onDone, onClose }: Props) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const undo = useUndo();
  const queries = useQueryClient();
  const [survivor, setSurvivor] = useState(one);
  const [taken, setTaken] = useState<Partial<Record<Field, string>>>({});
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const left = useQuery({ queryKey: keys.party(one), queryFn: ({ signal }) => api.party(one, signal) });
  const right = useQuery({ queryKey: keys.party(other), queryFn: ({ signal }) => api.party(other, signal) });
  const parties = left.data && right.data ? [left.data, right.data] : null;
  const shown = (party: PartyView, field: Field): string => {
    const value = party[field];
    if (value === null || value === undefined || value === "") return "–";
    if (field === "kind") return word("customer.kinds", String(value));
    if (field === "lifecycle") return word("customer.lifecycles", String(value));
    return String(value);
  };
  const merge = async (): Promise<void> => {
    setBusy(true);
    try {
      const loser = survivor === one ? other : one;
      const fields = Object.fromEntries(Object.entries(taken).filter(([, source]) => source !== survivor));
      const done = await api.merge({ survivor, losers: [loser], fields, reason });
      await queries.invalidateQueries();
      if (done) {
        message.success({
          key: done.id,
          duration: 8,
          content: (
            <span>
              {t("merge.done")}{" "}
              <Button size="small" type="link" data-testid="merge-undo-now" onClick={() => void undo(done.id).then(() => message.destroy(done.id))}>
                {t("merge.undo")}
              </Button>
            </span>
          ),
        });
      }
      onDone(survivor);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      width={720}
      title={t("merge.title")}
      okText={t("merge.submit")}
      okButtonProps={{ "data-testid": "merge-submit", disabled: parties === null } as ButtonProps}
      confirmLoading={busy}
      onOk={() => void merge()}
      onCancel={onClose}
    >
      <p className="dim">{t("merge.hint")}</p>
      {parties === null ? (
        <Lines n={6} />
      ) : (
        <table className="merge-table" data-testid="merge-table">
          <thead>
            <tr>
              <th />
              {parties.map((party) => (
                <th key={party.id}>
                  <Radio checked={survivor === party.id} onChange={() => setSurvivor(party.id)}>
                    {survivor === party.id ? t("merge.stays") : t("merge.goes")}
                  </Radio>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {FIELDS.map((field) => {
              const values = parties.map((party) => shown(party, field));
              if (values.every((value) => value === "–")) return null;
              const same = values[0] === values[1];
              return (
                <tr key={field}>
                  <th scope="row">{word("merge.fields", field)}</th>
                  {parties.map((party, at) => (
                    <td key={party.id}>
                      {same ? (
                        <span className="dim">{values[at]}</span>
                      ) : (
                        <Radio
                          checked={(taken[field] ?? survivor) === party.id}
                          onChange={() => setTaken({ ...taken, [field]: party.id })}
                          data-testid={`merge-${field}-${at}`}
                        >
                          {values[at]}
                        </Radio>
                      )}
                    </td>
                  ))}
                </tr>
              );
            })}
            <tr>
              <th scope="row">{t("customer.points")}</th>
              {parties.map((party) => (
                <td key={party.id} className="num dim">
                  {party.points?.map((point) => point.display).join(" · ") || "–"}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      )}
      <Input value={reason} maxLength={200} placeholder={t("merge.reason")} prefix={<SwapOutlined className="dim" />} onChange={(event) => setReason(event.target.value)} />
    </Modal>
  );
}

/** Take a merge back and say what somebody changed since, which stays. */
export function useUndo(): (id: string) => Promise<void> {
  const words = useWords();
  const { t, word } = words;
  const { message, modal } = AntApp.useApp();
  const queries = useQueryClient();
  return async (id) => {
    try {
      const done = await api.undoMerge(id);
      await queries.invalidateQueries();
      if (done && done.kept.length > 0) {
        modal.info({
          title: t("merge.keptTitle"),
          content: (
            <ul data-testid="merge-kept">
              {done.kept.map((kept) => (
                <li key={kept.field}>{t("merge.kept", { field: word("merge.fields", fieldOf(kept.field)), now: String(kept.now), before: String(kept.before) })}</li>
              ))}
            </ul>
          ),
        });
      } else message.success(t("merge.undone"));
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
}

const NAMES: Record<string, string> = { display_name: "name", lang: "language", owner_id: "owner" };

export function fieldOf(column: string): string {
  return NAMES[column] ?? column;
}
