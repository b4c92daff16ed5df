/** Is it really them: what may be asked, and whether the answer is right; what is kept is never shown here. */
import { CheckCircleOutlined, CloseCircleOutlined, SafetyOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input } from "antd";
import { useEffect, useState } from "react";
import { AskApproval } from "../approvals/AskApproval";
import { api, get, send } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";

const LOOKS_MS = 15_000;

interface Identity {
  party: string | null;
  level: number;
  needed: number[];
  questions: { question: string; right: boolean | null }[];
  wrong_left: number;
  /** Level a supervisor granted me. */
  granted?: number;
}

export function IdentityCheck({ interaction, party }: { interaction: string; party: string }) {
  const words = useWords();
  const { t } = words;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const [busy, setBusy] = useState(false);
  const path = `/interactions/${encodeURIComponent(interaction)}/identity`;
  const key = ["identity", interaction, party];
  const found = useQuery({ queryKey: key, queryFn: ({ signal }) => get<Identity>(path, signal), retry: false, refetchInterval: LOOKS_MS });
  const labelled = useLabels();
  const granted = found.data?.granted ?? 0;
  // What a supervisor grants meanwhile opens what is on the screen.
  useEffect(() => {
    if (granted > 0) void Promise.all([["party", party], ["records"]].map((queryKey) => queries.invalidateQueries({ queryKey })));
  }, [granted, party, queries]);
  const item = found.data;
  if (!item || (item.questions.length === 0 && item.level === 0)) return null;
  const check = async (question: string, answer: string): Promise<void> => {
    setBusy(true);
    try {
      const now = await send<Identity>("POST", path, { question, answer });
      queries.setQueryData(key, { ...now, granted });
      await Promise.all([["party", party], ["records"]].map((queryKey) => queries.invalidateQueries({ queryKey })));
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  const right = item.questions.filter((one) => one.right).length;
  const next = item.needed[item.level];
  return (
    <section className="identity" aria-label={t("identity.title")} data-testid="identity" data-level={item.level}>
      <header className="row">
        <SafetyOutlined />
        <strong className="grow">{t("identity.title")}</strong>
        <span className={`tag${item.level > 0 ? " accent" : ""}`}>{t(item.level > 0 ? "identity.level" : "identity.unsure", { n: item.level })}</span>
      </header>
      {item.questions.map((one) => (
        <Question key={one.question} label={labelled(one.question)} right={one.right} shut={item.wrong_left === 0} busy={busy} mark={one.question} onAnswer={(answer) => void check(one.question, answer)} />
      ))}
      {item.wrong_left === 0 ? (
        <p className="late">{t("identity.lockedOut")}</p>
      ) : (
        next !== undefined && item.questions.some((one) => one.right === null) && <p className="dim">{t("identity.next", { n: Math.max(0, next - right), left: item.wrong_left })}</p>
      )}
      {granted > item.level && <p className="identity-right">{t("identity.granted", { n: granted })}</p>}
      {Math.max(item.level, granted) < item.needed.length && item.party !== null && (
        <div className="row">
          <AskApproval label={t("approvals.askIdentity", { n: item.level + 1 })} what={{ kind: "identity", party: item.party, level: item.level + 1 }} />
        </div>
      )}
    </section>
  );
}

function Question({ label, right, shut, busy, mark, onAnswer }: { label: string; right: boolean | null; shut: boolean; busy: boolean; mark: string; onAnswer(answer: string): void }) {
  const { t } = useWords();
  const [answer, setAnswer] = useState("");
  if (right !== null || shut) {
    return (
      <div className="row identity-asked" data-testid="identity-asked" data-question={mark} data-right={String(right)}>
        <span className="grow cut">{label}</span>
        {right === null ? null : right ? (
          <span className="identity-right">
            <CheckCircleOutlined /> {t("identity.right")}
          </span>
        ) : (
          <span className="late">
            <CloseCircleOutlined /> {t("identity.wrong")}
          </span>
        )}
      </div>
    );
  }
  return (
    <form
      className="row identity-asked"
      onSubmit={(event) => {
        event.preventDefault();
        if (answer.trim() !== "") onAnswer(answer);
      }}
    >
      <span className="identity-label cut" title={label}>
        {label}
      </span>
      <Input size="small" className="grow" maxLength={200} autoComplete="off" value={answer} placeholder={t("identity.answer")} aria-label={label} data-testid={`identity-${mark}`} onChange={(event) => setAnswer(event.target.value)} />
      <Button size="small" htmlType="submit" loading={busy} disabled={answer.trim() === ""}>
        {t("identity.check")}
      </Button>
    </form>
  );
}

/** How people call what is asked: the house's own fields by their labels, the others by the catalogue's words. */
function useLabels(): (question: string) => string {
  const { t, word, language } = useWords();
  const defined = useQuery({ queryKey: ["fields", "party"], queryFn: ({ signal }) => api.fields("party", signal), staleTime: 60_000 });
  return (question) => {
    const [name = "", last] = question.split(":");
    const key = name.replace(/^custom\./, "");
    const field = name === key ? undefined : defined.data?.items.find((one) => one.key === key);
    const label = field ? (field.labels[language === "en" ? "en" : "zh"] ?? key) : word("identity.fields", key, key);
    return last ? t("identity.last", { field: label, n: last }) : label;
  };
}
