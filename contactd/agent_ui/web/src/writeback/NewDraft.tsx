/** Writing a draft: an order, a return or an address for the system behind a connector. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, InputNumber, Modal, Segmented, Select } from "antd";
import { useState } from "react";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import { drafts, KINDS, type Kind, type Line, type Payload, type Target } from "./drafts";

interface Props {
  party: string;
  caseId: string | null;
  interaction: string | null;
  targets: Target[];
  onClose(): void;
}

const ADDRESS = ["name", "phone", "province", "city", "district", "street", "postal_code"] as const;

export function NewDraft({ party, caseId, interaction, targets, onClose }: Props) {
  const words = useWords();
  const { t, word } = words;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const [connector, setConnector] = useState(targets[0]?.name ?? "");
  const [kind, setKind] = useState<Kind>("order");
  const [payload, setPayload] = useState<Payload>({ lines: [{ item: "", quantity: 1 }], address: {} });
  const [busy, setBusy] = useState(false);
  const watched = targets.find((one) => one.name === connector)?.four_eyes.includes(kind) ?? false;
  const said = payloadOf(kind, payload);
  const whole = kind === "order" ? (said.lines ?? []).length > 0 : kind === "return" ? Boolean(said.reference && said.reason) : Boolean(said.address?.street);
  const keep = async (send: boolean): Promise<void> => {
    setBusy(true);
    try {
      const made = await drafts.create({ connector, kind, party, case: caseId, interaction, payload: said });
      if (send) await drafts.act(made.id, "submit");
      onClose();
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
      await queries.invalidateQueries({ queryKey: ["writebacks"] });
    }
  };
  const line = (n: number, change: Partial<Line>): void => setPayload({ ...payload, lines: (payload.lines ?? []).map((one, at) => (at === n ? { ...one, ...change } : one)) });
  return (
    <Modal
      open
      title={t("writeback.new")}
      onCancel={onClose}
      footer={[
        <Button key="keep" loading={busy} disabled={!whole} data-testid="draft-keep" onClick={() => void keep(false)}>
          {t("writeback.keep")}
        </Button>,
        <Button key="send" type="primary" loading={busy} disabled={!whole} data-testid="draft-send" onClick={() => void keep(true)}>
          {t(watched ? "writeback.submit" : "writeback.send")}
        </Button>,
      ]}
    >
      <div className="draft-form" data-testid="draft-form">
        <div className="row">
          <Segmented value={kind} options={KINDS.map((value) => ({ value, label: word("writeback.kinds", value) }))} onChange={(value) => setKind(value as Kind)} />
          {targets.length > 1 && <Select value={connector} options={targets.map((one) => ({ value: one.name }))} onChange={setConnector} />}
        </div>
        {kind === "return" && <Input value={payload.reference ?? ""} maxLength={400} placeholder={t("writeback.reference")} data-testid="draft-reference" onChange={(event) => setPayload({ ...payload, reference: event.target.value })} />}
        {kind !== "address" &&
          (payload.lines ?? []).map((one, n) => (
            <div className="row" key={n}>
              <Input className="grow" value={one.item} maxLength={400} placeholder={t("writeback.item")} aria-label={t("writeback.item")} data-testid="draft-item" onChange={(event) => line(n, { item: event.target.value })} />
              <InputNumber value={one.quantity} min={1} max={1_000_000} precision={0} aria-label={t("writeback.quantity")} onChange={(value) => line(n, { quantity: value ?? 1 })} />
              <Button type="text" icon={<DeleteOutlined />} aria-label={t("writeback.less")} disabled={(payload.lines ?? []).length < 2} onClick={() => setPayload({ ...payload, lines: (payload.lines ?? []).filter((_, at) => at !== n) })} />
            </div>
          ))}
        {kind !== "address" && (
          <Button type="dashed" icon={<PlusOutlined />} disabled={(payload.lines ?? []).length >= 100} onClick={() => setPayload({ ...payload, lines: [...(payload.lines ?? []), { item: "", quantity: 1 }] })}>
            {t("writeback.more")}
          </Button>
        )}
        {kind === "address" && (
          <div className="draft-address">
            {ADDRESS.map((part) => (
              <Input
                key={part}
                value={payload.address?.[part] ?? ""}
                maxLength={400}
                placeholder={word("writeback.address", part)}
                aria-label={word("writeback.address", part)}
                data-testid={`draft-${part}`}
                onChange={(event) => setPayload({ ...payload, address: { ...payload.address, [part]: event.target.value } })}
              />
            ))}
          </div>
        )}
        {kind === "return" && <Input.TextArea value={payload.reason ?? ""} maxLength={2000} autoSize={{ minRows: 2 }} placeholder={t("writeback.reason")} data-testid="draft-reason" onChange={(event) => setPayload({ ...payload, reason: event.target.value })} />}
        <Input.TextArea value={payload.note ?? ""} maxLength={2000} autoSize={{ minRows: 2 }} placeholder={t("writeback.note")} onChange={(event) => setPayload({ ...payload, note: event.target.value })} />
        {watched && <p className="dim">{t("writeback.watched")}</p>}
      </div>
    </Modal>
  );
}

/** What a draft of a kind says: nothing of what was typed for another. */
function payloadOf(kind: Kind, typed: Payload): Payload {
  const note = typed.note;
  if (kind === "address") return { note, address: Object.fromEntries(Object.entries(typed.address ?? {}).filter(([, text]) => text.trim() !== "")) };
  const lines = (typed.lines ?? []).filter((one) => one.item.trim() !== "");
  return kind === "order" ? { note, lines } : { note, lines, reference: typed.reference?.trim(), reason: typed.reason?.trim() };
}
