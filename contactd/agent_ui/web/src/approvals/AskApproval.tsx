/** Asking somebody else to allow something, with a reason; it stands for half an hour. */
import { App as AntApp, Button, Input, Popover } from "antd";
import { useState } from "react";
import { send } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";

const HOLDS_MS = 30 * 60_000;

export function AskApproval({ label, what }: { label: string; what: object }) {
  const words = useWords();
  const { t } = words;
  const { message } = AntApp.useApp();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const ask = async (): Promise<void> => {
    setBusy(true);
    try {
      await send("POST", "/approvals", { ...what, reason, until: new Date(Date.now() + HOLDS_MS).toISOString() });
      message.success(t("approvals.sent"));
      setOpen(false);
      setReason("");
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      content={
        <div className="row">
          <Input size="small" value={reason} maxLength={500} placeholder={t("approvals.reason")} data-testid="approval-reason" onChange={(event) => setReason(event.target.value)} />
          <Button size="small" type="primary" loading={busy} disabled={reason.trim().length < 3} data-testid="approval-ask" onClick={() => void ask()}>
            {t("approvals.ask")}
          </Button>
        </div>
      }
    >
      <Button size="small" data-testid="approval-open">
        {label}
      </Button>
    </Popover>
  );
}
