/** Somebody leaves: what they hold, who takes over, and the way back. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App as AntApp, Button, Input, Modal, Select } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import { At, Lines } from "../shell/bits";
import type { CommandError } from "../socket";
import type { AgentView, HandoverView } from "../wire";

export function LeaveDialog({ agent, onClose }: { agent: AgentView; onClose(): void }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const [heir, setHeir] = useState<string | undefined>();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<HandoverView | null>(null);
  const holds = useQuery({ queryKey: ["holdings", agent.agent], queryFn: ({ signal }) => api.holdings(agent.agent, signal) });
  const agents = useQuery({ queryKey: keys.agents, queryFn: ({ signal }) => api.agents(signal) });
  const act = async (doing: Promise<HandoverView | null>): Promise<void> => {
    setBusy(true);
    try {
      setDone(await doing);
      await queries.invalidateQueries({ queryKey: keys.agents });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  const items = (holds.data?.items ?? []).filter((one) => one.count > 0);
  const others = (agents.data?.items ?? []).filter((one) => one.agent !== agent.agent).map((one) => ({ value: one.agent, label: one.name }));
  return (
    <Modal
      open
      title={t("leave.title", { name: agent.name ?? agent.agent })}
      okText={done ? t("leave.close") : t("leave.submit")}
      okButtonProps={{ danger: !done, disabled: !done && heir === undefined, className: "leave-submit" }}
      confirmLoading={busy}
      onOk={() => (done ? onClose() : void act(api.handOver({ leaver: agent.agent, heir, reason })))}
      onCancel={onClose}
    >
      <div className="leave-form">
        {done ? (
          <Done done={done} busy={busy} onUndo={() => void act(api.undoHandover(done.id))} />
        ) : (
          <>
            <p className="dim">{t("leave.hint")}</p>
            {holds.isPending ? (
              <Lines n={4} />
            ) : items.length === 0 ? (
              <p>{t("leave.nothing")}</p>
            ) : (
              <dl className="leave-items" data-testid="leave-items">
                {items.map((one) => (
                  <div key={one.kind}>
                    <dt>
                      {word("leave.kinds", one.kind)} <strong className="num">{one.count}</strong>
                    </dt>
                    <dd className="dim cut">
                      {one.some
                        .map((some) => some.label)
                        .filter(Boolean)
                        .slice(0, 5)
                        .join("、")}
                    </dd>
                  </div>
                ))}
              </dl>
            )}
            <Select showSearch={{ optionFilterProp: "label" }} value={heir} placeholder={t("leave.heir")} aria-label={t("leave.heir")} options={others} data-testid="leave-heir" onChange={setHeir} />
            <Input value={reason} maxLength={500} placeholder={t("leave.reason")} onChange={(event) => setReason(event.target.value)} />
          </>
        )}
      </div>
    </Modal>
  );
}

function Done({ done, busy, onUndo }: { done: HandoverView; busy: boolean; onUndo(): void }) {
  const { t, word } = useWords();
  if (done.undone_at) {
    return (
      <Alert
        type={done.kept.length > 0 ? "warning" : "success"}
        message={t("leave.undone")}
        description={done.kept.map((one) => (
          <div key={`${one.kind} ${one.id}`}>{t("leave.kept", { what: word("leave.kinds", one.kind), id: one.id })}</div>
        ))}
      />
    );
  }
  return (
    <Alert
      type="success"
      message={t("leave.done", { leaver: done.leaver_name, heir: done.heir_name })}
      description={
        <span className="row">
          <At at={done.at} />
          {Object.entries(done.counts).map(([kind, n]) => (
            <span key={kind} className="tag">
              {word("leave.kinds", kind)} {n}
            </span>
          ))}
        </span>
      }
      action={
        <Button size="small" loading={busy} data-testid="leave-undo" onClick={onUndo}>
          {t("leave.undo")}
        </Button>
      }
    />
  );
}
