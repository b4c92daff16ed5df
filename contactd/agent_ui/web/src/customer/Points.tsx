/** Contact points, each copied with one click, telephones called with one; the one used now is marked. */
import { CopyOutlined, PhoneOutlined } from "@ant-design/icons";
import { App as AntApp, Tooltip } from "antd";
import { useState } from "react";
import { useDial } from "../contact/dial";
import { useWords } from "../i18n";
import { Reveal } from "../privacy/Reveal";
import type { PointView } from "../wire";

const SHOWN = 4;
const idOf = (point: PointView): string => point.id ?? point.contact_point ?? "";

interface Props {
  points: PointView[];
  here: PointView | null;
  party: string | null;
}

export function Points({ points, here, party }: Props) {
  const { t, word } = useWords();
  const { dial, dialling } = useDial();
  const { message } = AntApp.useApp();
  const [all, setAll] = useState(false);
  if (points.length === 0) return null;
  const copy = async (point: PointView): Promise<void> => {
    const text = point.value ?? point.display;
    try {
      await navigator.clipboard.writeText(text);
      message.success(t("common.copied"));
    } catch {
      message.info(text);
    }
  };
  const shown = all ? points : points.slice(0, SHOWN);
  return (
    <section className="points" aria-label={t("customer.points")}>
      {shown.map((point) => (
        <div key={`${point.kind}:${point.display}`} className="point-row">
        <Tooltip title={t("common.copy")} placement="left">
          <button type="button" className="clear point" data-testid="contact-point" onClick={() => void copy(point)}>
            <span className="point-kind dim">{word("point", point.kind)}</span>
            <span className={`cut num${here?.display === point.display ? " point-here" : ""}`}>{point.display}</span>
            {point.status && point.status !== "ok" && (
              <span className={`tag${point.status === "soft" ? "" : " bad"}`} title={point.status_note} data-testid="point-status">
                {word("standing", point.status)}
              </span>
            )}
            <CopyOutlined className="point-copy dim" />
          </button>
        </Tooltip>
        {point.display.includes("****") && idOf(point) !== "" && <Reveal point={idOf(point)} />}
        {point.kind === "phone" && (
          <Tooltip title={t("call.dial")} placement="left">
            <button
              type="button"
              className="clear point-dial"
              aria-label={t("call.dialNumber", { to: point.display })}
              disabled={dialling}
              data-testid="point-dial"
              onClick={() => void dial(idOf(point) !== "" ? { contact_point: idOf(point) } : { to: point.value ?? point.display }, party)}
            >
              <PhoneOutlined />
            </button>
          </Tooltip>
        )}
        </div>
      ))}
      {points.length > SHOWN && !all && (
        <button type="button" className="clear point-more" onClick={() => setAll(true)}>
          {t("common.more")} ({points.length - SHOWN})
        </button>
      )}
    </section>
  );
}
