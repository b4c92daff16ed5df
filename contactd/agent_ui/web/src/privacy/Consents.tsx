/** What a customer agreed to, with its evidence; and, for supervisors, their archive, a hold, an erasure. */
import { DownloadOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Modal, Select } from "antd";
import { useState } from "react";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { At } from "../shell/bits";
import type { CommandError } from "../socket";
import { rights } from "./rights";
import "./privacy.css";

const PURPOSES = ["service", "marketing", "recording", "profiling"];
const STATES = ["granted", "denied", "withdrawn"];
const SHORTEST = 3;

export function Consents({ party }: { party: string }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const supervises = useMay("privacy.ask");
  const found = useQuery({ queryKey: ["consents", party], queryFn: ({ signal }) => rights.consents(party, signal) });
  const [purpose, setPurpose] = useState("marketing");
  const [state, setState] = useState("granted");
  const [evidence, setEvidence] = useState("");
  const [asking, setAsking] = useState<"erase" | "hold" | null>(null);
  const say = async (): Promise<void> => {
    try {
      await rights.say(party, { purpose, state, evidence: evidence.trim() });
      setEvidence("");
      await queries.invalidateQueries({ queryKey: ["consents", party] });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
  return (
    <section className="consents" aria-label={t("privacy.consents")} data-testid="consents">
      <h2>{t("privacy.consents")}</h2>
      <div className="row consents-standing">
        {(found.data?.standing ?? []).map((one) => (
          <span key={`${one.purpose}:${one.channel}`} className={`tag${one.state === "granted" ? " accent" : " bad"}`}>
            {word("privacy.purposes", one.purpose)} {word("privacy.states", one.state)}
          </span>
        ))}
        {found.data?.standing.length === 0 && <span className="dim">{t("privacy.nothingSaid")}</span>}
      </div>
      <form
        className="consents-say"
        onSubmit={(event) => {
          event.preventDefault();
          void say();
        }}
      >
        <Select size="small" value={purpose} aria-label={t("privacy.purpose")} options={PURPOSES.map((one) => ({ value: one, label: word("privacy.purposes", one) }))} onChange={setPurpose} />
        <Select size="small" value={state} aria-label={t("privacy.state")} options={STATES.map((one) => ({ value: one, label: word("privacy.states", one) }))} onChange={setState} />
        <Input size="small" value={evidence} maxLength={200} placeholder={t("privacy.evidence")} data-testid="consent-evidence" onChange={(event) => setEvidence(event.target.value)} />
        <Button size="small" htmlType="submit" disabled={state === "granted" && evidence.trim() === ""} data-testid="consent-say">
          {t("privacy.note")}
        </Button>
      </form>
      <ul className="consents-said">
        {(found.data?.items ?? []).slice(0, 5).map((one) => (
          <li key={one.id}>
            <At at={one.at} /> {word("privacy.purposes", one.purpose)} {word("privacy.states", one.state)} <span className="dim">{one.evidence}</span>
          </li>
        ))}
      </ul>
      {supervises && (
        <div className="row consents-acts">
          <Button size="small" icon={<DownloadOutlined />} href={rights.archiveUrl(party)} download data-testid="party-archive">
            {t("privacy.archive")}
          </Button>
          <Button size="small" onClick={() => setAsking("hold")}>
            {t("privacy.hold")}
          </Button>
          <Button size="small" danger data-testid="party-erase" onClick={() => setAsking("erase")}>
            {t("privacy.erase")}
          </Button>
        </div>
      )}
      {asking !== null && <Ask party={party} what={asking} onClose={() => setAsking(null)} />}
    </section>
  );
}

function Ask({ party, what, onClose }: { party: string; what: "erase" | "hold"; onClose(): void }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const [reason, setReason] = useState("");
  const [how, setHow] = useState("");
  const enough = reason.trim().length >= SHORTEST && (what === "hold" || how.trim().length >= SHORTEST);
  const send = async (): Promise<void> => {
    try {
      await (what === "erase" ? rights.ask(party, reason.trim(), how.trim()) : rights.hold(party, reason.trim()));
      message.success(t(what === "erase" ? "privacy.asked" : "privacy.held"));
      onClose();
    } catch (error) {
      const known = error as CommandError;
      message.error(word("privacy.error", known.code, errorText(words, known)));
    }
  };
  return (
    <Modal
      open
      title={t(what === "erase" ? "privacy.erase" : "privacy.hold")}
      okText={t(what === "erase" ? "privacy.eraseAsk" : "privacy.hold")}
      okButtonProps={{ danger: what === "erase", disabled: !enough, "data-testid": "privacy-send" } as never}
      cancelText={t("common.cancel")}
      onOk={() => void send()}
      onCancel={onClose}
    >
      {what === "erase" && <p className="dim">{t("privacy.eraseHint")}</p>}
      <Input value={reason} maxLength={500} placeholder={t("privacy.reason")} data-testid="privacy-reason" onChange={(event) => setReason(event.target.value)} />
      {what === "erase" && <Input className="consents-how" value={how} maxLength={500} placeholder={t("privacy.how")} data-testid="privacy-how" onChange={(event) => setHow(event.target.value)} />}
    </Modal>
  );
}
