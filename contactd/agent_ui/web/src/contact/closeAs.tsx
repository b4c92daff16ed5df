/** One key each: junk, no reply needed, the same as another; the server undoes each, at once or within a week. */
import { useQuery } from "@tanstack/react-query";
import { App as AntApp, Button, Modal } from "antd";
import { useCallback, useRef, useState } from "react";
import { api } from "../api";
import { useConsole, useRun } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, ChannelIcon, Hollow, Lines } from "../shell/bits";
import type { InteractionView } from "../wire";

export type Reason = "junk" | "no_reply_needed" | "duplicate";

const UNDO_S = 12;

/** Ends a contact without an answer; for a while a bar offers to undo that, and to block whom junk came from. */
export function useCloseAs(interaction: InteractionView, ask: () => void): (reason: Reason, of?: string) => void {
  const { run } = useRun();
  const { message } = AntApp.useApp();
  const { t } = useWords();
  const going = useRef(false);
  return useCallback(
    (reason, of) => {
      if (reason === "duplicate" && of === undefined) {
        ask();
        return;
      }
      if (going.current) return;
      going.current = true;
      const { id } = interaction;
      const from = interaction.from_display ?? "";
      const key = `close.${id}`;
      const undo = async (): Promise<void> => {
        message.destroy(key);
        const { ok, data } = await run("interaction.bring_back", { interaction: id });
        if (ok) go("work", String((data as { interaction: string }).interaction));
      };
      const block = async (): Promise<void> => {
        message.destroy(key);
        const { ok, data } = await run("sender.block", { interaction: id });
        if (!ok) return;
        if ((data as { blocked: boolean }).blocked) message.success(t("closeAs.blocked", { from }));
        else message.warning(t("closeAs.notBlocked", { from }));
      };
      void run("interaction.close_as", { interaction: id, reason, ...(of ? { of } : {}) }, { queue: true }).then(({ ok }) => {
        going.current = false;
        if (!ok) return;
        message.open({
          key,
          duration: UNDO_S,
          content: (
            <span className="undo-bar" data-testid="close-bar" data-reason={reason}>
              {t(`closeAs.done.${reason}`)}
              {reason === "junk" && from && (
                <Button size="small" data-testid="block-sender" onClick={() => void block()}>
                  {t("closeAs.block", { from })}
                </Button>
              )}
              <Button size="small" type="primary" data-testid="close-undo" onClick={() => void undo()}>
                {t("outbox.undo")}
              </Button>
            </span>
          ),
        });
      });
    },
    [interaction, ask, run, message, t],
  );
}

const WITHOUT_ANSWER: readonly (string | null)[] = ["junk", "no_reply_needed", "duplicate"];

/** A contact that was ended without an answer, by mistake: it comes back. */
export function BringBack({ interaction }: { interaction: InteractionView }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const me = useConsole((state) => state.me);
  if (interaction.state !== "closed" || !WITHOUT_ANSWER.includes(interaction.outcome)) return null;
  if (interaction.agent !== me?.agent && me?.role === "agent") return null;
  const back = async (): Promise<void> => {
    const { ok, data } = await run("interaction.bring_back", { interaction: interaction.id });
    if (ok) go("work", String((data as { interaction: string }).interaction));
  };
  return (
    <Button size="small" loading={busy.has("interaction.bring_back")} data-testid="bring-back" onClick={() => void back()}>
      {t("closeAs.bringBack")}
    </Button>
  );
}

/** Which contact says the same: the customer's latest. */
export function SameAs({ interaction, open, onClose, onPick }: { interaction: InteractionView; open: boolean; onClose(): void; onPick(of: string): void }) {
  const { t, word } = useWords();
  const [chosen, setChosen] = useState<string | null>(null);
  const filter: Record<string, string | null> = interaction.party_id ? { party: interaction.party_id } : { thread: interaction.thread };
  const found = useQuery({
    queryKey: ["same", interaction.id],
    queryFn: ({ signal }) => api.interactions({ ...filter, limit: "20" }, signal),
    enabled: open,
  });
  const items = (found.data?.items ?? []).filter((item) => item.id !== interaction.id);
  return (
    <Modal
      open={open}
      title={t("closeAs.sameAs")}
      okText={t("closeAs.duplicate")}
      cancelText={t("common.cancel")}
      okButtonProps={{ disabled: chosen === null }}
      onCancel={onClose}
      onOk={() => {
        if (chosen !== null) onPick(chosen);
        onClose();
      }}
      destroyOnHidden
    >
      {found.isPending && open && <Lines n={4} />}
      {!found.isPending && items.length === 0 && <Hollow title={t("closeAs.none")} />}
      <div className="same-list" role="radiogroup">
        {items.map((item) => (
          <button
            key={item.id}
            type="button"
            role="radio"
            aria-checked={chosen === item.id}
            className={`clear same${chosen === item.id ? " on" : ""}`}
            data-testid="same-item"
            onClick={() => setChosen(item.id)}
          >
            <ChannelIcon channel={item.channel} title={false} />
            <span className="cut grow">{item.subject || item.last_message || t("work.noSubject")}</span>
            <span className="dim">{word("state", item.state)}</span>
            <At at={item.queued_at ?? item.state_since} />
          </button>
        ))}
      </div>
    </Modal>
  );
}
