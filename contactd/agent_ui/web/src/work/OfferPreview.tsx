/** The screen before the phone rings: everything known about an offer, with room to read. */
import { subjectOf } from "../channels/subject";
import { useLineLabel } from "../desk";
import { useWords } from "../i18n";
import { ChannelIcon, Since, Vip } from "../shell/bits";
import { customerName } from "../shell/OfferBell";
import type { OfferView } from "../wire";
import { Countdown, OfferButtons } from "./OfferCard";
import { useLabels, useReasonText } from "./reasons";

export function OfferPreview({ offer }: { offer: OfferView }) {
  const words = useWords();
  const { t, word } = words;
  const { interaction, customer } = offer;
  const line = useLineLabel()(interaction.line);
  const labels = useLabels();
  const reasons = useReasonText(offer.reasons);
  const name = customerName(offer) || t("work.anonymous");
  const address = customer.point?.display || interaction.from_display;
  return (
    <section className="work-middle preview" data-testid="offer-preview">
      <div className="preview-card">
        <Countdown offer={offer} size={72} />
        <p className="dim">{t("offer.title", { channel: word("channel", interaction.channel) })}</p>
        <h1>{name}</h1>
        {address !== name && <p className="num">{address}</p>}
        <div className="row preview-tags">
          <span className="tag">
            <ChannelIcon channel={interaction.channel} title={false} /> {line}
          </span>
          <span className="tag">{word("resolve", customer.resolve_state)}</span>
          <Vip level={interaction.vip} />
          {interaction.skills.map(({ skill, level }) => (
            <span className="tag" key={skill}>
              {labels.skill(skill)} ≥{level}
            </span>
          ))}
        </div>
        {interaction.subject && <p className="preview-subject">{subjectOf(words, interaction.channel, interaction.subject)}</p>}
        {interaction.last_message && interaction.last_message !== interaction.subject && <p className="preview-text">{interaction.last_message}</p>}
        <p className="dim">
          {t("floor.waited")} <Since at={interaction.queued_at} />
        </p>
        <OfferButtons offer={offer} large />
        {reasons !== "" && (
          <p className="preview-why">
            {t("offer.why")}
            {reasons}
          </p>
        )}
      </div>
    </section>
  );
}
