/** What may be done with a draft as it stands. */
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Popconfirm } from "antd";
import { useState } from "react";
import { errorText, useConsole, useMay } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import { drafts, useTargets, type Draft } from "./drafts";

const DROPS = ["draft", "review", "refused", "failed"];

export function DraftActs({ item }: { item: Draft }) {
  const words = useWords();
  const { t } = words;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const me = useConsole((state) => state.me.agent);
  const approves = useMay("writeback.approve");
  const watched = useTargets().find((one) => one.name === item.connector)?.four_eyes.includes(item.kind) ?? false;
  const [busy, setBusy] = useState(false);
  const act = async (what: string): Promise<void> => {
    setBusy(true);
    try {
      await drafts.act(item.id, what);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
      await queries.invalidateQueries({ queryKey: ["writebacks"] });
    }
  };
  const button = (what: string, label: string, primary = false) => (
    <Button size="small" type={primary ? "primary" : "default"} loading={busy} data-testid={`draft-${what}`} onClick={() => void act(what)}>
      {label}
    </Button>
  );
  return (
    <span className="row draft-acts">
      {item.state === "draft" && button("submit", t(watched ? "writeback.submit" : "writeback.send"), true)}
      {item.state === "review" && approves && item.author !== me && button("approve", t("writeback.approve"), true)}
      {item.state === "review" && approves && button("return", t("writeback.return"))}
      {item.state === "failed" && button("retry", t("writeback.retry"), true)}
      {DROPS.includes(item.state) && (
        <Popconfirm title={t(item.maybe ? "writeback.dropMaybe" : "writeback.dropSure")} okText={t("writeback.drop")} cancelText={t("common.cancel")} onConfirm={() => void act("drop")}>
          <Button size="small" type="text" data-testid="draft-drop">
            {t("writeback.drop")}
          </Button>
        </Popconfirm>
      )}
    </span>
  );
}
