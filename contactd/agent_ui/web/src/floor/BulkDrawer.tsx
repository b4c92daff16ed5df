/** One answer to many who wait: first counted, then a while in which it can be undone, then given one by one. */
import { SendOutlined } from "@ant-design/icons";
import { Button, Drawer, Input, Progress, Select } from "antd";
import { useEffect, useState } from "react";
import { useConsole, usePolicy, useRun } from "../desk";
import { useWords } from "../i18n";
import { At, ChannelIcon, Left, Since } from "../shell/bits";
import type { InteractionView } from "../wire";
import { nameOf } from "../work/WorkList";

interface Counted {
  count: number;
  sample: InteractionView[];
}

interface BatchView {
  batch: string;
  state: "waiting" | "going" | "done" | "undone";
  at: string;
  count: number;
  answered: number;
  left: number;
  made_at: string;
  text: string;
  skipped: Record<string, number>;
}

const UNDO_S = 30;
const LOOK_MS = 1000;

export function BulkDrawer({ open, onClose }: { open: boolean; onClose(): void }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const policy = usePolicy();
  const out = useConsole((state) => state.me.intent) === "logged_out";
  const [line, setLine] = useState<string | null>(null);
  const [contains, setContains] = useState("");
  const [text, setText] = useState("");
  const [counted, setCounted] = useState<Counted | null>(null);
  const [batch, setBatch] = useState<BatchView | null>(null);
  const filter = { ...(line ? { line } : {}), ...(contains.trim() ? { contains: contains.trim() } : {}) };

  const live = batch !== null && (batch.state === "waiting" || batch.state === "going");
  useEffect(() => {
    if (!live || batch === null) return;
    const timer = setInterval(() => {
      void run("bulk.status", { batch: batch.batch }).then(({ ok, data }) => ok && setBatch(data as BatchView));
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [live, batch, run]);

  const count = async (): Promise<void> => {
    const { ok, data } = await run("bulk.count", filter);
    if (ok) setCounted(data as Counted);
  };
  const answer = async (): Promise<void> => {
    const { ok, data, error } = await run("bulk.answer", { ...filter, text: text.trim(), expect: counted?.count ?? 0, undo_s: UNDO_S });
    if (ok) setBatch(data as BatchView);
    else if (error?.code === "changed") await count();
  };
  const undo = async (): Promise<void> => {
    const { ok, data } = await run("bulk.undo", { batch: batch?.batch });
    if (ok) setBatch(data as BatchView);
  };
  const [latest, setLatest] = useState<BatchView[]>([]);
  const ended = batch?.state === "done" || batch?.state === "undone";
  useEffect(() => {
    if (open) void run("bulk.list", {}).then(({ ok, data }) => ok && setLatest((data as { items: BatchView[] }).items));
  }, [open, ended, run]);
  // A batch that was begun in another window, or before a reload, is taken up again.
  useEffect(() => {
    const going = latest.find((one) => one.state === "waiting" || one.state === "going");
    if (going) setBatch((now) => now ?? going);
  }, [latest]);
  const change = (set: () => void): void => {
    set();
    setCounted(null);
    setBatch(null);
  };
  return (
    <Drawer open={open} onClose={onClose} title={t("bulk.title")} size={480} destroyOnHidden>
      <div className="bulk" data-testid="bulk">
        <p className="dim">{t("bulk.intro")}</p>
        <Select
          allowClear
          aria-label={t("floor.line")}
          disabled={live}
          value={line ?? undefined}
          placeholder={t("bulk.anyLine")}
          options={policy.lines.map((one) => ({ value: one.code, label: one.label }))}
          onChange={(value: string | undefined) => change(() => setLine(value ?? null))}
        />
        <Input
          allowClear
          disabled={live}
          value={contains}
          maxLength={100}
          placeholder={t("bulk.contains")}
          data-testid="bulk-contains"
          onChange={(event) => change(() => setContains(event.target.value))}
        />
        <Input.TextArea
          disabled={live}
          value={text}
          autoSize={{ minRows: 6, maxRows: 14 }}
          placeholder={t("bulk.text")}
          data-testid="bulk-text"
          onChange={(event) => setText(event.target.value)}
        />
        <p className="dim">{t("bulk.places")}</p>
        <div className="row">
          <Button disabled={live} loading={busy.has("bulk.count")} data-testid="bulk-count" onClick={() => void count()}>
            {t("bulk.count")}
          </Button>
          {counted !== null && (
            <strong data-testid="bulk-found" data-count={counted.count}>
              {t("bulk.found", { n: counted.count })}
            </strong>
          )}
        </div>
        {counted !== null && counted.count > 0 && batch === null && (
          <>
            <ul className="bulk-sample">
              {counted.sample.map((item) => (
                <li key={item.id} className="row">
                  <ChannelIcon channel={item.channel} title={false} />
                  <span className="cut grow">
                    {nameOf(item, t("work.noName"))} · {item.subject || item.last_message}
                  </span>
                  <Since at={item.queued_at} />
                </li>
              ))}
              {counted.count > counted.sample.length && <li className="dim">{t("bulk.more", { n: counted.count - counted.sample.length })}</li>}
            </ul>
            <Button
              type="primary"
              icon={<SendOutlined />}
              disabled={text.trim() === "" || out}
              loading={busy.has("bulk.answer")}
              data-testid="bulk-send"
              onClick={() => void answer()}
            >
              {t("bulk.send", { n: counted.count })}
            </Button>
            {out && (
              <div className="row">
                <span className="late grow">{t("error.signed_out")}</span>
                <Button size="small" data-testid="bulk-sign-in" onClick={() => void run("agent.set_intent", { intent: "not_ready" })}>
                  {t("intent.notReady")}
                </Button>
              </div>
            )}
          </>
        )}
        {batch !== null && <Course batch={batch} onUndo={() => void undo()} />}
        <Latest batches={latest.filter((one) => one.batch !== batch?.batch)} />
      </div>
    </Drawer>
  );
}

/** How one's earlier batches ended. */
function Latest({ batches }: { batches: BatchView[] }) {
  const { t } = useWords();
  if (batches.length === 0) return null;
  return (
    <section aria-label={t("bulk.latest")}>
      <h4>{t("bulk.latest")}</h4>
      <ul className="bulk-sample">
        {batches.map((one) => (
          <li key={one.batch} className="row" data-testid="bulk-earlier" data-state={one.state}>
            <At at={one.made_at} />
            <span className="cut grow">{one.text}</span>
            <span className="dim">
              {t(`bulk.state.${one.state}`)} · {t("bulk.answered", { n: one.answered, total: one.count })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Course({ batch, onUndo }: { batch: BatchView; onUndo(): void }) {
  const { t, word } = useWords();
  const skipped = Object.entries(batch.skipped);
  const left = skipped.reduce((sum, [, n]) => sum + n, 0);
  return (
    <div className="bulk-course" role="status" data-testid="bulk-course" data-state={batch.state}>
      {batch.state === "waiting" && (
        <span className="undo-bar">
          {t("bulk.begins")} <Left until={batch.at} />
          <Button size="small" type="primary" data-testid="bulk-undo" onClick={onUndo}>
            {t("outbox.undo")}
          </Button>
        </span>
      )}
      {batch.state === "undone" && <span>{batch.left === batch.count ? t("bulk.undone") : t("bulk.stopped", { n: batch.left })}</span>}
      {batch.state === "going" && (
        <span className="undo-bar">
          {t("bulk.state.going")}
          <Button size="small" danger data-testid="bulk-stop" onClick={onUndo}>
            {t("bulk.stop")}
          </Button>
        </span>
      )}
      {(batch.state === "going" || batch.state === "done" || batch.answered > 0) && (
        <>
          <Progress percent={Math.round(((batch.answered + left) / batch.count) * 100)} size="small" />
          <span>{t("bulk.answered", { n: batch.answered, total: batch.count })}</span>
          {skipped.map(([why, n]) => (
            <span key={why} className="dim">
              {t("bulk.skipped", { n })}: {word("error", why)}
            </span>
          ))}
        </>
      )}
    </div>
  );
}
