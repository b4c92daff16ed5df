/** Call somebody: from a contact point, or a number somebody typed; where something stands against it, a reason is asked for. */
import { App as AntApp, Input } from "antd";
import { errorText, useRun } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import type { InteractionView } from "../wire";

export type Whom = { contact_point: string } | { to: string };
export type Purpose = "service" | "marketing";

export function useDial(): { dial(whom: Whom, party?: string | null, purpose?: Purpose): Promise<boolean>; dialling: boolean } {
  const { run, busy } = useRun();
  const { modal } = AntApp.useApp();
  const words = useWords();
  const attempt = async (data: Record<string, unknown>): Promise<boolean> => {
    const { ok, data: made, error } = await run("call.dial", data, { quietFields: ["reason"] });
    const begun = (made as { interaction?: InteractionView } | undefined)?.interaction;
    if (ok && begun) go("work", begun.id);
    if (ok || error?.field !== "reason") return ok;
    const reason = await askWhy(errorText(words, error));
    return reason === null ? false : attempt({ ...data, reason });
  };
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
  const dial = (whom: Whom, party: string | null = null, purpose?: Purpose): Promise<boolean> =>
    attempt({ ...whom, ...(party ? { party } : {}), ...(purpose ? { purpose } : {}) });
  return { dial, dialling: busy.has("call.dial") };
}
