/** A call of a campaign: whom, and what became of it, said with one key; then the task is over. */
import { PhoneOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App as AntApp, Button, Input } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText, useRun } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import { Points } from "../customer/Points";

const OUTCOMES = ["reached", "tried", "refused"] as const;

export function CampaignCall({ task, party: id, interaction, ready }: { task: string; party: string; interaction: string; ready: boolean }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const { run } = useRun();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const party = useQuery({ queryKey: keys.party(id), queryFn: ({ signal }) => api.party(id, signal) });
  const say = async (outcome: string): Promise<void> => {
    setBusy(true);
    try {
      await api.callOutcome(task, { outcome, text });
      await run("interaction.complete", { interaction }, { queue: true });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="task-why" data-testid="campaign-call">
      {party.data && (
        <>
          <div className="row">
            <PhoneOutlined /> <strong>{party.data.name}</strong>
          </div>
          <Points points={party.data.points ?? []} here={null} party={id} />
        </>
      )}
      <Input.TextArea rows={2} value={text} maxLength={1000} placeholder={t("campaigns.said")} data-testid="campaign-text" onChange={(event) => setText(event.target.value)} />
      <div className="row">
        {OUTCOMES.map((outcome) => (
          <Button key={outcome} type={outcome === "reached" ? "primary" : "default"} danger={outcome === "refused"} disabled={!ready} loading={busy} data-testid={`outcome-${outcome}`} onClick={() => void say(outcome)}>
            {word("campaigns.outcomes", outcome)}
          </Button>
        ))}
      </div>
      <p className="dim">{t("campaigns.refusedHint")}</p>
    </section>
  );
}
