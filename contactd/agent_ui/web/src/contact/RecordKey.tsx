/** Whether a call is recorded, in words, and what the agent may do about it: as the line allows. */
import { AudioOutlined, PauseCircleOutlined, PlayCircleOutlined, StopOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { useRun } from "../desk";
import { useWords } from "../i18n";
import type { InteractionView, TapeView } from "../wire";

const REASONS = ["card", "secret", "health", "asked", "other"];

export function RecordKey({ interaction, tape, mine }: { interaction: InteractionView; tape: TapeView; mine: boolean }) {
  const { t, word } = useWords();
  const { run, busy } = useRun();
  const { id } = interaction;
  const press = (data: Record<string, unknown>): void => void run("call.record", { interaction: id, ...data });
  const loading = busy.has("call.record");
  const paused = tape.state === "paused";
  return (
    <div className={`tape tape-${tape.state}`} role={tape.state === "missing" ? "alert" : "status"} data-testid="tape" data-state={tape.state}>
      <span className="tape-mark" aria-hidden="true" />
      <span>
        {word("tape", tape.state)}
        {paused && tape.reason && <span className="dim"> · {word("tapeReason", tape.reason)}</span>}
      </span>
      {mine && tape.state === "off" && (
        <Button size="small" icon={<AudioOutlined />} loading={loading} data-testid="tape-begin" onClick={() => press({ on: true })}>
          {t("call.recordAgreed")}
        </Button>
      )}
      {mine && tape.state === "on" && (
        <Dropdown
          trigger={["click"]}
          menu={{
            items: REASONS.map((reason) => ({ key: reason, label: word("tapeReason", reason) })),
            onClick: ({ key }) => press({ paused: true, reason: key }),
          }}
        >
          <Button size="small" icon={<PauseCircleOutlined />} loading={loading} data-testid="tape-pause">
            {t("call.recordPause")}
          </Button>
        </Dropdown>
      )}
      {mine && paused && tape.reason !== "hold" && (
        <Button size="small" icon={<PlayCircleOutlined />} loading={loading} data-testid="tape-resume" onClick={() => press({ paused: false })}>
          {t("call.recordResume")}
        </Button>
      )}
      {mine && tape.mode === "ask" && (tape.state === "on" || paused) && (
        <Button size="small" icon={<StopOutlined />} loading={loading} data-testid="tape-end" onClick={() => press({ on: false })}>
          {t("call.recordEnd")}
        </Button>
      )}
    </div>
  );
}
