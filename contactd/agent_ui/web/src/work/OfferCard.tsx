/** An offer: who, what, why me, how long still; one key takes it. */
import { Button, Dropdown, Tooltip } from "antd";
import { useEffect, useState } from "react";
import { lookOf } from "../channels";
import { subjectOf } from "../channels/subject";
import { type Run, useDesk, useLineLabel, usePolicy, useRun } from "../desk";
import { useWords } from "../i18n";
import { keyed } from "../keyboard";
import { go } from "../route";
import { Kbd, Since, Vip } from "../shell/bits";
import { customerName } from "../shell/OfferBell";
import { serverNow } from "../ticker";
import type { OfferView } from "../wire";
import { rememberHead } from "./heads";
import { useReasonText } from "./reasons";


export async function acceptOffer(run: Run, offer: OfferView): Promise<void> {
  rememberHead(offer.interaction.id, offer.customer);
  const { ok } = await run("offer.accept", { offer: offer.offer, lease: offer.lease });
  if (ok) go("work", offer.interaction.id);
}

export function OfferCard({ offer, on, first }: { offer: OfferView; on: boolean; first: boolean }) {
  const words = useWords();
  const { t, word } = words;
  const line = useLineLabel()(offer.interaction.line);
  const reasons = useReasonText(offer.reasons);
  const { interaction } = offer;
  const about = subjectOf(words, interaction.channel, interaction.subject) || interaction.last_message;
  return (
    <article className={`offer${on ? " on" : ""}`} data-testid="offer-card" data-id={interaction.id} data-offer={offer.offer}>
      <button type="button" className="clear offer-open" onClick={() => go("work", interaction.id)}>
        <span className="row">
          <Countdown offer={offer} />
          <span className="grow">
            <span className="row">
              <strong className="cut">{customerName(offer) || t("work.anonymous")}</strong>
              <Vip level={interaction.vip} />
            </span>
            <span className="offer-line cut">
              {word("channel", interaction.channel)} · {line}
              <span className="offer-waited">
                {t("floor.waited")} <Since at={interaction.queued_at} />
              </span>
            </span>
          </span>
        </span>
        {about && (
          <span className="offer-subject">{about}</span>
        )}
        {reasons !== "" && (
          <span className="offer-why" data-testid="offer-reason">
            {t("offer.why")}
            {reasons}
          </span>
        )}
      </button>
      <OfferButtons offer={offer} first={first} />
    </article>
  );
}

interface ButtonsProps {
  offer: OfferView;
  /** Whether the key takes this one: only that is the loud button. */
  first?: boolean;
  large?: boolean;
}

export function OfferButtons({ offer, first = true, large = false }: ButtonsProps) {
  const { t, word } = useWords();
  const { run, busy } = useRun();
  const policy = usePolicy();
  const { line, channel } = offer.interaction;
  const call = lookOf(channel).body === "call";
  // Calls are not declined unless the line allows it; everything else may be, with a reason.
  const mayReject = policy.rule(line, channel).mayReject ?? !call;
  const reasons =
    policy.reject.length > 0
      ? policy.reject
      : ["busy", "skill", "conflict"].map((code) => ({ code, label: word("offer.rejectDefault", code) }));
  const size = large ? "large" : "middle";
  return (
    <div className="offer-buttons">
      <Button
        type={first ? "primary" : "default"}
        size={size}
        className="grow"
        loading={busy.has("offer.accept")}
        data-testid={large ? "preview-accept" : "offer-accept"}
        onClick={() => void acceptOffer(run, offer)}
      >
        {t(call ? "offer.answer" : "offer.accept")} {first && <Kbd>A</Kbd>}
      </Button>
      {mayReject && (
        <Dropdown
          autoFocus
          trigger={["click"]}
          placement="bottomRight"
          menu={{
            items: reasons.map(({ code, label }) => ({
              key: code,
              label: <span data-testid={`reject-reason-${code}`}>{label}</span>,
              onClick: () => void run("offer.reject", { offer: offer.offer, lease: offer.lease, reason: code }),
            })),
          }}
        >
          <Button size={size} {...(first && !large ? keyed("X") : {})} loading={busy.has("offer.reject")} data-testid={large ? "preview-reject" : "offer-reject"}>
            {t("offer.reject")}
          </Button>
        </Dropdown>
      )}
    </div>
  );
}

const ROUND = 2 * Math.PI * 17;

/** The channel's icon in a ring that runs out; one smooth transition instead of many renders. */
export function Countdown({ offer, size = 40 }: { offer: OfferView; size?: number }) {
  const { t } = useWords();
  const { getLink } = useDesk();
  const end = Date.parse(offer.expires_at);
  const whole = Math.max(1000, end - (Date.parse(offer.offered_at ?? "") || serverNow()));
  const [left, setLeft] = useState(() => end - serverNow());
  useEffect(() => {
    const timer = setInterval(() => setLeft(end - serverNow()), 250);
    return () => clearInterval(timer);
  }, [end]);
  const share = Math.min(1, Math.max(0, left / whole));
  const seconds = Math.max(0, Math.ceil(left / 1000));
  const over = left <= 0 && getLink().link === "online";
  return (
    <Tooltip title={over ? t("offer.expired") : t("offer.seconds", { s: seconds })}>
      <span className={`ring${left < 5000 ? " hurry" : ""}`} style={{ width: size, height: size }}>
        <svg viewBox="0 0 40 40" aria-hidden>
          <circle cx="20" cy="20" r="17" className="ring-rest" />
          <circle
            cx="20"
            cy="20"
            r="17"
            className="ring-left"
            strokeDasharray={ROUND}
            strokeDashoffset={ROUND * (1 - share)}
            transform="rotate(-90 20 20)"
          />
        </svg>
        <span className="ring-icon">{lookOf(offer.interaction.channel).icon}</span>
        <span className="ring-left-s num" data-testid="offer-left">
          {seconds}
        </span>
      </span>
    </Tooltip>
  );
}
