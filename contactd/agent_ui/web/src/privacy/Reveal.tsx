/** One masked number shown for a while, with a reason that stands on record. */
import { EyeOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Input, Popover, Tooltip } from "antd";
import { useEffect, useState } from "react";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import { rights } from "./rights";

const SHOWN_MS = 30_000;
const SHORTEST = 3;

export function Reveal({ point }: { point: string }) {
  const words = useWords();
  const { t } = words;
  const { message } = AntApp.useApp();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [shown, setShown] = useState<string | null>(null);
  useEffect(() => {
    if (shown === null) return undefined;
    const timer = setTimeout(() => setShown(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  const reveal = async (): Promise<void> => {
    try {
      const found = await rights.reveal(point, reason.trim());
      setShown(found?.display ?? null);
      setOpen(false);
      setReason("");
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
  if (shown !== null) {
    return (
      <span className="tag num" data-testid="revealed">
        {shown}
      </span>
    );
  }
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      placement="left"
      content={
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            void reveal();
          }}
        >
          <Input autoFocus value={reason} maxLength={200} placeholder={t("privacy.revealWhy")} data-testid="reveal-reason" onChange={(event) => setReason(event.target.value)} />
          <Button type="primary" htmlType="submit" disabled={reason.trim().length < SHORTEST} data-testid="reveal-show">
            {t("privacy.show")}
          </Button>
        </form>
      }
    >
      <Tooltip title={t("privacy.reveal")} placement="right">
        <button type="button" className="clear point-dial" aria-label={t("privacy.reveal")} data-testid="reveal">
          <EyeOutlined />
        </button>
      </Tooltip>
    </Popover>
  );
}
