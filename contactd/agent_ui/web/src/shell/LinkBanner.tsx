/** Says that the link is gone and when it is tried again; lies over the page, so nothing moves. */
import { Button } from "antd";
import { useEffect, useState } from "react";
import { useDesk, useLink } from "../desk";
import { useWords } from "../i18n";

/** Shorter cuts (a server restart, a gap) are not worth a word. */
const PATIENCE_MS = 1500;

export function LinkBanner() {
  const { socket } = useDesk();
  const { link, since, retryAt } = useLink();
  const { t } = useWords();
  const [now, setNow] = useState(Date.now());
  const offline = link === "offline";
  useEffect(() => {
    if (!offline) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [offline]);
  if (!offline || Math.max(now, since) - since < PATIENCE_MS) return null;
  const left = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - now) / 1000));
  return (
    <div className="link-banner" role="status" data-testid="offline-banner">
      <span className="link-banner-dot pulse" />
      {t("link.offline")}
      <span className="num link-banner-in">{t("link.retryIn", { s: left })}</span>
      <Button size="small" onClick={() => socket.nudge()}>
        {t("link.retryNow")}
      </Button>
    </div>
  );
}
