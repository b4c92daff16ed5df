/** What is proved about who sent a mail, and what about it should make a reader careful. */
import { SafetyCertificateOutlined, WarningOutlined } from "@ant-design/icons";
import { Tooltip } from "antd";
import { type Key, useWords } from "../i18n";
import type { MessageView } from "../wire";

const METHODS = ["dmarc", "dkim", "spf", "arc"] as const;

type Words = "pass" | "fail" | "unproved";

/** A shield where the sender's domain is proved, a warning where it is probably somebody else. */
export function TrustMark({ message }: { message: MessageView }) {
  const { t } = useWords();
  const checks = message.checks;
  if (!checks || (checks.verdict !== "pass" && checks.verdict !== "fail")) return null;
  // A domain that asks for nothing may let its mail pass through lists and forwarders that break its proof.
  const words: Words = checks.verdict === "pass" ? "pass" : checks.asks === "none" ? "unproved" : "fail";
  const detail = METHODS.map((method) => `${method.toUpperCase()} ${checks[method] ?? "none"}`).join(" · ");
  const hint = (
    <>
      <div>{t(`check.${words}_hint`, { domain: checks.author ?? "" })}</div>
      <div>{detail}</div>
      {checks.by && <div>{t("check.by", { by: checks.by === "own" ? t("check.own") : checks.by })}</div>}
    </>
  );
  const look = { pass: "trust-good", fail: "tag bad", unproved: "tag" }[words];
  return (
    <Tooltip title={hint}>
      <span className={look} data-testid="trust" data-verdict={words} role={words === "fail" ? "alert" : undefined}>
        {words === "pass" ? <SafetyCertificateOutlined aria-label={t("check.pass")} /> : <WarningOutlined />}
        {words !== "pass" && ` ${t(`check.${words}`)}`}
      </span>
    </Tooltip>
  );
}

/** How a mail is signed or sealed, and what its own signature proves. */
export function SealMark({ message }: { message: MessageView }) {
  const { t, word } = useWords();
  const { protection, seal } = message;
  if (!protection) return null;
  const kind = word("protection", protection);
  if (!seal) {
    return (
      <span className="tag" data-testid="protection">
        {kind}
      </span>
    );
  }
  const state = seal.state ?? "unknown";
  const bad = state === "invalid" || state === "mismatch";
  const hint = (
    <>
      <div>{word("seal", `${state}_hint`)}</div>
      {seal.by && <div>{t("seal.by", { by: seal.by })}</div>}
      {seal.why && <div>{word("seal.why", seal.why)}</div>}
    </>
  );
  return (
    <Tooltip title={hint}>
      <span className={state === "valid" ? "tag accent" : bad ? "tag bad" : "tag"} data-testid="seal" data-state={state} role={bad ? "alert" : undefined}>
        {bad && <WarningOutlined />} {kind} · {word("seal", state)}
      </span>
    </Tooltip>
  );
}

export function Flags({ message }: { message: MessageView }) {
  const { t, has } = useWords();
  const flags = message.flags ?? [];
  if (flags.length === 0) return null;
  return (
    <ul className="flags" data-testid="flags">
      {flags.map((flag) => (
        <li key={flag.kind} data-kind={flag.kind}>
          <WarningOutlined /> {has(`flag.${flag.kind}`) ? t(`flag.${flag.kind}` as Key, { about: flag.about }) : flag.kind}
        </li>
      ))}
    </ul>
  );
}
