/** What a supervisor must know, newest first. */
import { WarningOutlined } from "@ant-design/icons";
import { memo, useMemo } from "react";
import { useLineLabel } from "../desk";
import { useWords } from "../i18n";
import { At, Hollow } from "../shell/bits";
import type { AlertView } from "../wire";

export const Alerts = memo(function Alerts({ alerts, names }: { alerts: AlertView[]; names: ReadonlyMap<string, string> }) {
  const { t, word } = useWords();
  const line = useLineLabel();
  const shown = useMemo(() => [...alerts].sort((a, b) => b.at.localeCompare(a.at)), [alerts]);
  return (
    <section className="card alerts-card">
      <h2 className="card-title">
        {t("floor.alerts")} <span className="num dim">{alerts.length}</span>
      </h2>
      <div className="card-scroll">
        {shown.length === 0 && <Hollow title={t("floor.alertsEmpty")} />}
        {shown.map((alert) => (
          <div key={alert.id} className="alert" data-testid="floor-alert" data-kind={alert.kind}>
            <WarningOutlined />
            <span className="grow cut">
              <b>{word("alert", alert.kind)}</b>{" "}
              {[alert.agent ? (names.get(alert.agent) ?? alert.agent) : null, alert.line ? line(alert.line) : null, detailText(alert.detail)]
                .filter(Boolean)
                .join(" · ")}
            </span>
            <span className="dim">
              <At at={alert.at} />
            </span>
          </div>
        ))}
      </div>
    </section>
  );
});

function detailText(detail: unknown): string | null {
  if (typeof detail === "string") return detail;
  return typeof detail === "number" ? String(detail) : null;
}
