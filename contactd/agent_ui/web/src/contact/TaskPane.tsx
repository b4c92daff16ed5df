/** Work nobody sent: why it came, and the case it is about, where it is done. */
import { CheckOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { api, keys } from "../api";
import { CaseBody } from "../cases/CaseBody";
import { CaseTitle } from "../cases/CaseDrawer";
import { useRun } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { CampaignCall } from "./CampaignCall";
import { At, Lines, LoadFailed } from "../shell/bits";
import type { InteractionView } from "../wire";

export function TaskPane({ interaction, mine }: { interaction: InteractionView; mine: boolean }) {
  const { t, word } = useWords();
  const { run, busy } = useRun();
  const found = useQuery({ queryKey: ["tasks", interaction.id], queryFn: ({ signal }) => api.tasksOf(interaction.id, signal) });
  const about = interaction.case_id;
  const matter = useQuery({ queryKey: keys.case(about ?? ""), queryFn: ({ signal }) => api.case(about ?? "", signal), enabled: about !== null });
  const task = found.data?.items[0];
  if (found.isPending) return <Lines n={8} />;
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const ready = mine && (interaction.state === "active" || interaction.state === "held");
  return (
    <div className="task-pane" data-testid="task-pane">
      {task && (
        <section className="task-why">
          <div className="row">
            <span className="tag accent">{word("tasks.kinds", task.kind)}</span>
            <strong className="grow">{task.subject}</strong>
            <span className="dim">
              {t("tasks.due")} <At at={task.due_at} />
            </span>
          </div>
          <p className="dim">{word("tasks.hints", task.kind)}</p>
          {task.body && <p className="case-text">{task.body}</p>}
          <div className="row">
            {task.about_id && task.kind === "quarantine" && <Button onClick={() => go("quarantine")}>{t("tasks.toQuarantine")}</Button>}
            {task.about_id && task.kind === "writeback" && <Button onClick={() => go("writebacks")}>{t("writeback.title")}</Button>}
            {task.about_id && task.kind === "approval" && <Button onClick={() => go("approvals")}>{t("approvals.open")}</Button>}
            {ready && task.kind !== "campaign" && (
              <Button
                type="primary"
                icon={<CheckOutlined />}
                loading={busy.has("interaction.complete")}
                data-testid="task-done"
                onClick={() => void run("interaction.complete", { interaction: interaction.id }, { queue: true })}
              >
                {t("tasks.done")}
              </Button>
            )}
          </div>
        </section>
      )}
      {task?.kind === "campaign" && task.party_id && <CampaignCall task={task.id} party={task.party_id} interaction={interaction.id} ready={ready} />}
      {matter.data && (
        <section className="task-case">
          <CaseTitle item={matter.data} />
          <CaseBody item={matter.data} />
        </section>
      )}
    </div>
  );
}
