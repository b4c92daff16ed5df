/** One key each: junk, no reply needed, the same as another; each can be undone for a few seconds, and nothing happens before. */
import { useQuery } from "@tanstack/react-query";
import { App as AntApp, Button, Checkbox, Modal } from "antd";
import { useCallback, useRef, useState } from "react";
import { api } from "../api";
import { useRun } from "../desk";
import { useWords } from "../i18n";
import { At, ChannelIcon, Hollow, Lines } from "../shell/bits";
import type { InteractionView } from "../wire";

export type Reason = "junk" | "no_reply_needed" | "duplicate";

const UNDO_S = 5;

/** Ends a contact after a moment in which that can be undone; `ask` chooses what a duplicate repeats. */
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
      const key = `close.${interaction.id}`;
      let block = false;
      const undo = (): void => {
        clearTimeout(timer);
        going.current = false;
        message.destroy(key);
      };
      const timer = setTimeout(() => {
        message.destroy(key);
        const more = { ...(of ? { of } : {}), ...(block ? { block: true } : {}) };
        void run("interaction.close_as", { interaction: interaction.id, reason, ...more }, { queue: true }).then(() => {
          going.current = false;
        });
      }, UNDO_S * 1000);
      message.open({
        key,
        duration: UNDO_S,
        content: (
          <span className="undo-bar" data-testid="close-bar" data-reason={reason}>
            {t(`closeAs.done.${reason}`)}
            {reason === "junk" && interaction.from && (
              <Checkbox data-testid="block-sender" onChange={(event) => (block = event.target.checked)}>
                {t("closeAs.block", { from: interaction.from })}
              </Checkbox>
            )}
            <Button size="small" type="primary" data-testid="close-undo" onClick={undo}>
              {t("outbox.undo")}
            </Button>
          </span>
        ),
      });
    },
    [interaction, ask, run, message, t],
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
