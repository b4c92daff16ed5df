/** Callbacks: the word that one is owed to whoever is in this contact, and the promise of a new one. */
import { PhoneOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Input, Modal, Popconfirm, Select } from "antd";
import { useState } from "react";
import { lookOf } from "../channels";
import { useLineLabel, usePolicy, useRun } from "../desk";
import { useWords } from "../i18n";
import { keyed } from "../keyboard";
import type { InteractionView } from "../wire";

/** Shown while the customer of this contact is owed a call: said now, it need not be called any more. */
export function CallbackBanner({ interaction, mine }: { interaction: InteractionView; mine: boolean }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const { message } = AntApp.useApp();
  const owed = interaction.callback;
  if (!owed) return null;
  const settle = async (): Promise<void> => {
    const { ok } = await run("callback.settle", { interaction: owed });
    if (ok) message.success(t("callback.settled"));
  };
  return (
    <div className="owed" role="status" data-testid="callback-owed">
      <PhoneOutlined />
      <span className="grow">{t("callback.owed")}</span>
      {mine && (
        <Popconfirm
          title={t("callback.settleConfirm")}
          okText={t("callback.settle")}
          okButtonProps={{ "data-testid": "callback-settle-confirm" } as never}
          cancelText={t("common.cancel")}
          onConfirm={() => void settle()}
        >
          <Button size="small" loading={busy.has("callback.settle")} data-testid="callback-settle">
            {t("callback.settle")}
          </Button>
        </Popconfirm>
      )}
    </div>
  );
}

export function PromiseCallback({ interaction }: { interaction: InteractionView }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const { message } = AntApp.useApp();
  const policy = usePolicy();
  const label = useLineLabel();
  const [open, setOpen] = useState(false);
  const [to, setTo] = useState("");
  const [line, setLine] = useState<string | null>(null);
  const known = lookOf(interaction.channel).body === "call";
  const chosen = line ?? interaction.line;
  const lines = policy.lines.map(({ code, label: text }) => ({ value: code, label: text }));
  const submit = async (): Promise<void> => {
    const { ok } = await run("callback.request", {
      interaction: interaction.id,
      ...(to.trim() ? { to: to.trim() } : {}),
      ...(chosen ? { line: chosen } : {}),
    });
    if (!ok) return;
    message.success(t("callback.promised", { line: label(chosen) }));
    setTo("");
    setOpen(false);
  };
  return (
    <>
      <Button icon={<PhoneOutlined />} {...keyed("B")} data-testid="callback-open" onClick={() => setOpen(true)}>
        {t("callback.promise")}
      </Button>
      <Modal
        open={open}
        title={t("callback.promise")}
        width={420}
        destroyOnHidden
        okText={t("callback.submit")}
        cancelText={t("common.cancel")}
        okButtonProps={
          { disabled: !known && !to.trim(), loading: busy.has("callback.request"), "data-testid": "callback-submit" } as never
        }
        onOk={() => void submit()}
        onCancel={() => setOpen(false)}
      >
        <div className="transfer">
          <Input
            value={to}
            inputMode="tel"
            maxLength={40}
            aria-label={t("callback.number")}
            placeholder={known ? t("callback.sameNumber", { number: interaction.from_display ?? "" }) : t("callback.number")}
            data-testid="callback-number"
            onChange={(event) => setTo(event.target.value)}
          />
          <Select
            value={chosen}
            options={lines.length > 0 ? lines : [{ value: chosen, label: label(chosen) }]}
            aria-label={t("transfer.pickLine")}
            data-testid="callback-line"
            onChange={setLine}
          />
          <p className="dim">{t("callback.hint")}</p>
        </div>
      </Modal>
    </>
  );
}
