/** Two matters in one conversation are parted, one matter in two is joined; each can be taken back at once. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Modal } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useConsole, useRun } from "../desk";
import { useWords } from "../i18n";
import { At, Hollow, Lines, LoadFailed } from "../shell/bits";
import type { InteractionView } from "../wire";

const UNDO_S = 10;

/** Split and join, each with its undo. */
export function useParting(interaction: InteractionView) {
  const { t } = useWords();
  const { run } = useRun();
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const fresh = (): void => void queries.invalidateQueries({ queryKey: keys.messages(interaction.id) });
  const tell = (words: string, undo: () => Promise<boolean>): void => {
    const key = `parting-${interaction.id}`;
    const back = async (): Promise<void> => {
      message.destroy(key);
      if (await undo()) message.info(t("parting.undone"));
    };
    const content = (
      <>
        {words}
        <Button type="link" size="small" data-testid="parting-undo" onClick={() => void back()}>
          {t("parting.undo")}
        </Button>
      </>
    );
    message.open({ key, type: "success", content, duration: UNDO_S });
  };
  const split = async (messages: string[]): Promise<string | null> => {
    const { ok, data } = await run("conversation.split", { interaction: interaction.id, messages });
    fresh();
    return ok ? String((data as { interaction: string }).interaction) : null;
  };
  const join = async (other: string): Promise<string[] | null> => {
    const { ok, data } = await run("conversation.join", { interaction: interaction.id, other });
    fresh();
    return ok ? (data as { messages: string[] }).messages : null;
  };
  return {
    async split(messages: string[]): Promise<void> {
      const made = await split(messages);
      if (made !== null) tell(t("parting.split"), async () => (await join(made)) !== null);
    },
    async join(other: string): Promise<void> {
      const moved = await join(other);
      if (moved !== null && moved.length > 0) tell(t("parting.joined"), async () => (await split(moved)) !== null);
    },
  };
}

/** Choose what else this is: contacts of the same customer or sender that wait, or that one has in hand. */
export function JoinDialog({ interaction, open, onClose }: { interaction: InteractionView; open: boolean; onClose(): void }) {
  const { t } = useWords();
  const { join } = useParting(interaction);
  const [chosen, setChosen] = useState<string | null>(null);
  const submit = async (): Promise<void> => {
    if (chosen !== null) await join(chosen);
    setChosen(null);
    onClose();
  };
  return (
    <Modal
      open={open}
      title={t("parting.joinTitle")}
      width={520}
      destroyOnHidden
      okText={t("parting.joinSubmit")}
      cancelText={t("common.cancel")}
      okButtonProps={{ disabled: chosen === null, "data-testid": "join-submit" } as never}
      onOk={() => void submit()}
      onCancel={onClose}
    >
      <Others interaction={interaction} value={chosen} onPick={setChosen} />
      <p className="dim">{t("parting.joinHint")}</p>
    </Modal>
  );
}

interface OthersProps {
  interaction: InteractionView;
  value: string | null;
  onPick(id: string): void;
}

function Others({ interaction, value, onPick }: OthersProps) {
  const { t, word } = useWords();
  const me = useConsole((state) => state.me.agent);
  const { party_id: party, channel, line } = interaction;
  const found = useQuery({
    queryKey: ["others", interaction.id],
    queryFn: ({ signal }) => api.interactions({ channel, party, line: party ? null : line }, signal),
    gcTime: 0,
  });
  if (found.isPending) return <Lines n={3} />;
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const others = found.data.items.filter(
    (one) =>
      one.id !== interaction.id &&
      (one.from === interaction.from || (party !== null && one.party_id === party)) &&
      (["queued", "offered"].includes(one.state) || (one.agent === me && ["active", "held", "parked"].includes(one.state))),
  );
  if (others.length === 0) return <Hollow title={t("parting.none")} />;
  return (
    <div className="choices" role="radiogroup" aria-label={t("parting.joinTitle")}>
      {others.map((one) => (
        <button
          key={one.id}
          type="button"
          role="radio"
          aria-checked={value === one.id}
          className={`clear choice${value === one.id ? " on" : ""}`}
          data-testid="join-choice"
          onClick={() => onPick(one.id)}
        >
          <span className="grow cut">{one.subject || one.from_display}</span>
          <span className="dim">{word("state", one.state)}</span>
          <span className="dim">
            <At at={one.queued_at ?? null} />
          </span>
        </button>
      ))}
    </div>
  );
}
