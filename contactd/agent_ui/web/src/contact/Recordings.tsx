/** What was recorded of a call: its picture (customer above, house below), gaps and silent spans marked in it, and the player. */
import { DownloadOutlined, LockOutlined, ScissorOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input, InputNumber, Popover, Tooltip } from "antd";
import { type MouseEvent, useRef, useState } from "react";
import { api, keys } from "../api";
import { useAgentName, useConsole } from "../desk";
import { duration, fullMoment } from "../format";
import { useWords } from "../i18n";
import type { RecordingView } from "../wire";

const HALF = 30;

export function Recordings({ id, settled }: { id: string; settled: boolean }) {
  const { t } = useWords();
  const found = useQuery({
    queryKey: keys.recordings(id),
    queryFn: ({ signal }) => api.recordings(id, signal),
    // The sound comes some moments after the call is over.
    refetchInterval: ({ state }) => (settled || !state.data?.items.some((one) => ["begun", "running", "ended"].includes(one.state)) ? false : 3000),
  });
  const items = found.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <section className="recordings" aria-label={t("recording.title")} data-testid="recordings">
      {items.map((one) => (
        <One key={one.id} one={one} />
      ))}
    </section>
  );
}

function One({ one }: { one: RecordingView }) {
  const { t, word } = useWords();
  const player = useRef<HTMLAudioElement>(null);
  const [at, setAt] = useState(0);
  const name = useAgentName();
  const me = useConsole((state) => state.me);
  const oversees = me?.role === "supervisor" || me?.role === "admin";
  const mayHear = oversees || one.agent === me?.agent || (me?.rights ?? []).includes("quality.assess");
  const kept = one.state === "kept";
  const jump = (event: MouseEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    if (player.current !== null && one.seconds > 0) player.current.currentTime = ((event.clientX - box.left) / box.width) * one.seconds;
  };
  return (
    <article className="recording" data-testid="recording" data-state={one.state}>
      <header className="row">
        <strong>{fullMoment(one.started_at)}</strong>
        <span className="num">{duration(one.seconds)}</span>
        {one.agent && <span className="dim cut">{name(one.agent)}</span>}
        {one.notice_at && <span className="tag">{t("recording.noticed")}</span>}
        {one.consent && <span className="tag">{word("consent", one.consent)}</span>}
        {one.held && (
          <Tooltip title={one.held.reason}>
            <span className="tag">
              <LockOutlined /> {t("recording.held")}
            </span>
          </Tooltip>
        )}
      </header>
      {!kept && <p className="dim">{word("recordingState", one.state)}</p>}
      {kept && one.peaks.length > 0 && <Picture one={one} at={at} onClick={jump} />}
      {kept && mayHear && (
        <audio
          ref={player}
          controls
          preload="none"
          src={api.soundUrl(one.id)}
          aria-label={t("recording.title")}
          data-testid="recording-player"
          onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        />
      )}
      {kept && !mayHear && <p className="dim">{t("recording.notYours")}</p>}
      {(one.gaps.length > 0 || one.redactions.length > 0) && (
        <ul className="recording-marks">
          {one.gaps.map((gap) => (
            <li key={`g${gap.at_s}`}>
              <span className="num">{duration(gap.at_s)}</span> {t("recording.gap", { reason: word("tapeReason", gap.reason), time: duration(gap.lasted_s) })}
            </li>
          ))}
          {one.redactions.map((span) => (
            <li key={`r${span.from_s}-${span.at}`}>
              <span className="num">
                {duration(span.from_s)}–{duration(span.to_s)}
              </span>{" "}
              {t("recording.silent", { reason: span.reason, who: name(span.by) })}
            </li>
          ))}
        </ul>
      )}
      {kept && oversees && <Keys one={one} at={at} />}
    </article>
  );
}

/** Two sides around one line; what was paused is a mark, what was silenced a shaded span. */
function Picture({ one, at, onClick }: { one: RecordingView; at: number; onClick(event: MouseEvent<SVGSVGElement>): void }) {
  const { t } = useWords();
  const [above = [], below = above] = one.peaks;
  const width = Math.max(above.length, 1);
  const place = (seconds: number): number => (one.seconds > 0 ? (seconds / one.seconds) * width : 0);
  const path = (side: number[], sign: number): string =>
    side.map((peak, column) => `M${column + 0.5} ${HALF}V${HALF - sign * Math.max(0.5, (peak * (HALF - 2)) / 100)}`).join("");
  return (
    <svg className="recording-picture" viewBox={`0 0 ${width} ${2 * HALF}`} preserveAspectRatio="none" role="img" aria-label={t("recording.picture")} onClick={onClick} data-testid="recording-picture">
      <path className="side-customer" d={path(above, 1)} />
      <path className="side-house" d={path(below, -1)} />
      {one.redactions.map((span) => (
        <rect key={`${span.from_s}-${span.at}`} className="side-silent" x={place(span.from_s)} width={place(span.to_s - span.from_s)} y={0} height={2 * HALF} />
      ))}
      {one.gaps.map((gap) => (
        <line key={gap.at_s} className="side-gap" x1={place(gap.at_s)} x2={place(gap.at_s)} y1={0} y2={2 * HALF} data-testid="recording-gap" />
      ))}
      <line className="side-now" x1={place(at)} x2={place(at)} y1={0} y2={2 * HALF} />
    </svg>
  );
}

function Keys({ one, at }: { one: RecordingView; at: number }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const [from, setFrom] = useState<number | null>(null);
  const [to, setTo] = useState<number | null>(null);
  const [reason, setReason] = useState("");
  const [failed, setFailed] = useState("");
  const done = async (act: Promise<unknown>): Promise<void> => {
    try {
      await act;
      setReason("");
      setFailed("");
      await queries.invalidateQueries({ queryKey: keys.recordings(one.interaction) });
    } catch (error) {
      setFailed(error instanceof Error ? error.message : String(error));
    }
  };
  const why = <Input value={reason} maxLength={200} placeholder={t("recording.reason")} onChange={(event) => setReason(event.target.value)} data-testid="recording-reason" />;
  const begin = from ?? Math.floor(at);
  const end = to ?? Math.ceil(at) + 1;
  return (
    <div className="row recording-keys">
      <Popover
        trigger="click"
        content={
          <div className="recording-form">
            <p className="dim">{t("recording.silenceHint")}</p>
            <div className="row">
              <InputNumber min={0} max={one.seconds} step={0.5} value={begin} onChange={setFrom} addonAfter="s" aria-label={t("recording.from")} />
              <InputNumber min={0} max={one.seconds + 1} step={0.5} value={end} onChange={setTo} addonAfter="s" aria-label={t("recording.to")} />
            </div>
            {why}
            <Button type="primary" danger disabled={reason === "" || end <= begin} data-testid="recording-silence" onClick={() => void done(api.redact(one.id, { from_s: begin, to_s: end, reason }))}>
              {t("recording.silence")}
            </Button>
            {failed && <p className="call-why">{failed}</p>}
          </div>
        }
      >
        <Button size="small" icon={<ScissorOutlined />} disabled={one.held !== null}>
          {t("recording.silence")}
        </Button>
      </Popover>
      <Popover
        trigger="click"
        content={
          <div className="recording-form">
            {why}
            <Button disabled={reason === ""} data-testid="recording-hold" onClick={() => void done(api.holdRecording(one.id, { on: one.held === null, reason }))}>
              {t(one.held === null ? "recording.hold" : "recording.release")}
            </Button>
            {failed && <p className="call-why">{failed}</p>}
          </div>
        }
      >
        <Button size="small" icon={<LockOutlined />}>
          {t(one.held === null ? "recording.hold" : "recording.release")}
        </Button>
      </Popover>
      <a className="recording-save" href={api.soundUrl(one.id)} download={`${one.started_at}.wav`}>
        <DownloadOutlined /> {t("mail.download")}
      </a>
    </div>
  );
}
