/** Call somebody: from a contact point, or a number somebody typed; where something stands against it, a reason is asked for. */
import { useRun } from "../desk";
import { go } from "../route";
import type { InteractionView } from "../wire";
import { useAnyway } from "./anyway";

export type Whom = { contact_point: string } | { to: string };
export type Purpose = "service" | "marketing";

export function useDial(): { dial(whom: Whom, party?: string | null, purpose?: Purpose): Promise<boolean>; dialling: boolean } {
  const { busy } = useRun();
  const attempt = useAnyway();
  const dial = async (whom: Whom, party: string | null = null, purpose?: Purpose): Promise<boolean> => {
    const done = await attempt("call.dial", { ...whom, ...(party ? { party } : {}), ...(purpose ? { purpose } : {}) });
    const begun = (done?.data as { interaction?: InteractionView } | undefined)?.interaction;
    if (done?.ok && begun) go("work", begun.id);
    return done?.ok ?? false;
  };
  return { dial, dialling: busy.has("call.dial") };
}
