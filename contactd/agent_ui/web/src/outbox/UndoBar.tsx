/** For the few seconds in which a message can still be taken back. */
import { App as AntApp, Button } from "antd";
import { useCallback } from "react";
import { useWords } from "../i18n";
import { Left } from "../shell/bits";
import type { MessageView } from "../wire";
import { useTakeBack } from "./takeBack";
import "./outbox.css";

/** Says that a message leaves in a moment, with the button that stops it. */
export function useUndoBar(): (message: MessageView) => void {
  const { message: toast } = AntApp.useApp();
  const { t } = useWords();
  const takeBack = useTakeBack();
  return useCallback(
    (message) => {
      if (!message.send_at) return;
      const seconds = (Date.parse(message.send_at) - Date.parse(message.at)) / 1000;
      if (seconds > 120) {
        toast.success(t("outbox.scheduled"));
        return;
      }
      const key = `undo.${message.id}`;
      const undo = (): void => {
        toast.destroy(key);
        void takeBack(message.id, message.interaction);
      };
      toast.open({
        key,
        duration: seconds,
        content: (
          <span className="undo-bar" data-testid="undo-bar">
            {t("outbox.leavesIn")} <Left until={message.send_at} />
            <Button size="small" type="primary" data-testid="undo-send" onClick={undo}>
              {t("outbox.undo")}
            </Button>
          </span>
        ),
      });
    },
    [toast, t, takeBack],
  );
}
