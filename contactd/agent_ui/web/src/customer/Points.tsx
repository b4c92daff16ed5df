/** Contact points, each copied with one click; the one used now is marked. */
import { CopyOutlined } from "@ant-design/icons";
import { App as AntApp, Tooltip } from "antd";
import { useState } from "react";
import { useWords } from "../i18n";
import type { PointView } from "../wire";

const SHOWN = 4;

export function Points({ points, here }: { points: PointView[]; here: PointView | null }) {
  const { t, word } = useWords();
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
        <Tooltip key={`${point.kind}:${point.display}`} title={t("common.copy")} placement="left">
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
      ))}
      {points.length > SHOWN && !all && (
        <button type="button" className="clear point-more" onClick={() => setAll(true)}>
          {t("common.more")} ({points.length - SHOWN})
        </button>
      )}
    </section>
  );
}
