/** Call somebody: from a contact point, or a number somebody typed; the call is on screen when it has begun. */
import { useRun } from "../desk";
import { go } from "../route";
import type { InteractionView } from "../wire";

export type Whom = { contact_point: string } | { to: string };

export function useDial(): { dial(whom: Whom, party?: string | null): Promise<boolean>; dialling: boolean } {
  const { run, busy } = useRun();
  const dial = async (whom: Whom, party: string | null = null): Promise<boolean> => {
    const { ok, data } = await run("call.dial", { ...whom, ...(party ? { party } : {}) });
    const begun = (data as { interaction?: InteractionView } | undefined)?.interaction;
    if (ok && begun) go("work", begun.id);
    return ok;
  };
  return { dial, dialling: busy.has("call.dial") };
}
