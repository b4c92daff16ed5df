/** My phone in the top bar: whether the PBX hears it, what rings, which microphone; loaded only where there is an account. */
import { AudioOutlined, CloseOutlined, CustomerServiceOutlined, PhoneOutlined } from "@ant-design/icons";
import { Alert, Badge, Button, Checkbox, Popover, Select } from "antd";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { createPortal } from "react-dom";
import { useConsole } from "../desk";
import { useWords } from "../i18n";
import { chime, mayRing } from "../shell/notices";
import type { PhoneAccount } from "./account";
import { type Likes, loadLikes, saveLikes, TROUBLE } from "./likes";
import { SipPhone } from "./sip";

const RING_EVERY_MS = 2500;
const MARKS = { registered: "success", connecting: "processing", refused: "error", away: "error" } as const;

export default function BrowserPhone({ account: newest }: { account: PhoneAccount }) {
  const { t, word } = useWords();
  const [likes, setLikes] = useState(loadLikes);
  const now = useRef(likes);
  now.current = likes;
  const [account, setAccount] = useState(newest);
  const phone = useMemo(() => new SipPhone(account, () => now.current.mic), [account]);
  const state = useSyncExternalStore(phone.subscribe, phone.get);
  useEffect(() => {
    phone.start();
    return () => phone.stop();
  }, [phone]);
  // A renewed account waits for the end of a call.
  const idle = state.call === "idle";
  useEffect(() => {
    if (idle) setAccount(newest);
  }, [idle, newest]);
  useEffect(() => phone.speakBy(likes.speaker), [phone, likes.speaker]);

  const ringing = state.call === "ringing";
  const mine = useConsole((console) => console.work.some((each) => each.panel?.phase === "ringing_agent")) ?? false;
  const answers = ringing && mine && likes.answers && state.trouble === "";
  useEffect(() => {
    if (answers) void phone.answer();
  }, [phone, answers]);
  useEffect(() => {
    if (!ringing || answers) return;
    const ring = (): void => {
      if (mayRing(Date.now())) chime(true);
    };
    ring();
    const timer = setInterval(ring, RING_EVERY_MS);
    return () => clearInterval(timer);
  }, [ringing, answers]);
  const place = document.getElementById(TROUBLE);
  const change = (next: Partial<Likes>): void => {
    const all = { ...likes, ...next };
    saveLikes(all);
    setLikes(all);
  };
  const status = idle ? word("phone.lines", state.line) : word("phone.calls", state.call);
  return (
    <>
      {!idle && (
        <span className="top-phone" role="group" aria-label={t("phone.title")}>
          <span className="cut" data-testid="phone-from">
            {status} {state.from}
          </span>
          {ringing && (
            <Button size="small" type="primary" icon={<PhoneOutlined />} data-testid="phone-answer" onClick={() => void phone.answer()}>
              {t("phone.answer")}
            </Button>
          )}
          <Button size="small" danger icon={<CloseOutlined />} data-testid="phone-hangup" onClick={() => phone.hangup()}>
            {t(ringing ? "phone.refuse" : "phone.hangup")}
          </Button>
        </span>
      )}
      {state.trouble !== "" && place !== null && createPortal(
        <Alert banner type="error" title={word("phone.troubles", state.trouble)} data-testid="phone-trouble" />,
        place,
      )}
      <Popover trigger="click" placement="bottomRight" content={<Choices phone={phone} likes={likes} change={change} status={idle ? status : `${status} ${state.from}`} />}>
        <Button
          type="text"
          data-testid="phone-state"
          data-line={state.line}
          data-call={state.call}
          title={`${t("phone.title")}: ${status}`}
          aria-label={`${t("phone.title")}: ${status}`}
          icon={
            <Badge dot status={state.trouble ? "error" : MARKS[state.line]}>
              <CustomerServiceOutlined />
            </Badge>
          }
        />
      </Popover>
    </>
  );
}

function Choices({ phone, likes, change, status }: { phone: SipPhone; likes: Likes; change(next: Partial<Likes>): void; status: string }) {
  const { t } = useWords();
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  const [heard, setHeard] = useState<boolean | null>(null);
  const look = async (): Promise<void> => setDevices((await navigator.mediaDevices?.enumerateDevices()) ?? []);
  useEffect(() => {
    void look();
    navigator.mediaDevices?.addEventListener("devicechange", look);
    return () => navigator.mediaDevices?.removeEventListener("devicechange", look);
  }, []);
  const of = (kind: MediaDeviceKind) => [
    { value: "", label: t("phone.usual") },
    ...devices
      .filter((each) => each.kind === kind && each.deviceId !== "" && each.deviceId !== "default")
      .map((each, n) => ({ value: each.deviceId, label: each.label || t("phone.device", { n: n + 1 }) })),
  ];
  return (
    <div className="phone-choices">
      <strong data-testid="phone-status">{status}</strong>
      <label>
        {t("phone.mic")}
        <Select value={likes.mic} options={of("audioinput")} onChange={(mic: string) => change({ mic })} data-testid="phone-mic" />
      </label>
      <label>
        {t("phone.speaker")}
        <Select value={likes.speaker} options={of("audiooutput")} onChange={(speaker: string) => change({ speaker })} />
      </label>
      <Checkbox checked={likes.answers} onChange={(event) => change({ answers: event.target.checked })} data-testid="phone-auto">
        {t("phone.auto")}
      </Checkbox>
      <Button
        icon={<AudioOutlined />}
        data-testid="phone-try"
        onClick={() =>
          void phone.tryMicrophone().then((ok) => {
            setHeard(ok);
            return look();
          })
        }
      >
        {t("phone.try")}
      </Button>
      {heard === true && <Alert type="success" showIcon title={t("phone.works")} />}
    </div>
  );
}
