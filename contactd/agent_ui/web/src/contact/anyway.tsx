/** Commands that call somebody: where something stands against it and a reason is enough, the reason is asked for. */
import { App as AntApp, Input } from "antd";
import { errorText, useRun } from "../desk";
import { useWords } from "../i18n";

/** Runs a command; `null` when whoever was asked for a reason thought better of it. */
export function useAnyway(): (command: string, data: Record<string, unknown>) => Promise<{ ok: boolean; data?: unknown } | null> {
  const { run } = useRun();
  const { modal } = AntApp.useApp();
  const words = useWords();
  const askWhy = (against: string): Promise<string | null> =>
    new Promise((resolve) => {
      let reason = "";
      const shown = modal.confirm({
        title: against,
        content: (
          <Input
            autoFocus
            maxLength={500}
            placeholder={words.t("call.anywayReason")}
            data-testid="dial-reason"
            onChange={(event) => {
              reason = event.target.value.trim();
              shown.update({ okButtonProps: { disabled: reason === "", "data-testid": "dial-anyway" } as never });
            }}
          />
        ),
        okText: words.t("call.anyway"),
        cancelText: words.t("common.cancel"),
        okButtonProps: { disabled: true, "data-testid": "dial-anyway" } as never,
        onOk: () => resolve(reason),
        onCancel: () => resolve(null),
      });
    });
  const attempt = async (command: string, data: Record<string, unknown>): Promise<{ ok: boolean; data?: unknown } | null> => {
    const { ok, data: made, error } = await run(command, data, { quietFields: ["reason"] });
    if (ok || error?.field !== "reason") return { ok, data: made };
    const reason = await askWhy(errorText(words, error));
    return reason === null ? null : attempt(command, { ...data, reason });
  };
  return attempt;
}
