/**
 * A mail as its sender laid it out: the server's sanitised document in a frame without scripts and of no origin.
 *
 * Such a frame cannot tell its height.  The same text is laid out once, unseen, without images and scripts, to measure it.
 */
import { PictureOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useEffect, useRef, useState } from "react";
import { api } from "../api";
import { useWords } from "../i18n";

const LEAST = 60;
const MOST = 1600;
const UNMEASURED = 320;
const INERT = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`;

export function HtmlFrame({ message }: { message: string }) {
  const { t } = useWords();
  const [images, setImages] = useState(false);
  const [height, setHeight] = useState<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const stop = new AbortController();
    void api
      .html(message, stop.signal)
      .then((html) => measure(html, box.current?.clientWidth ?? 600, stop.signal))
      .then(setHeight)
      .catch(() => setHeight(UNMEASURED));
    return () => stop.abort();
  }, [message]);
  return (
    <div ref={box} className="mail-html">
      {height !== null && (
        <iframe
          key={String(images)}
          title={t("mail.html")}
          src={api.htmlUrl(message, images)}
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          referrerPolicy="no-referrer"
          style={{ height: images ? Math.max(height, UNMEASURED) : height }}
          data-testid="mail-html"
        />
      )}
      {height === null && <div style={{ height: 120 }} aria-busy />}
      {!images && (
        <div className="mail-images">
          <PictureOutlined />
          <span className="cut">{t("mail.imagesHidden")}</span>
          <Button type="link" size="small" data-testid="show-images" onClick={() => setImages(true)}>
            {t("mail.showImages")}
          </Button>
        </div>
      )}
    </div>
  );
}

function measure(html: string, width: number, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-same-origin");
    frame.setAttribute("aria-hidden", "true");
    frame.style.cssText = `position:fixed;left:-9999px;top:0;visibility:hidden;border:0;width:${width}px;height:10px`;
    const done = (height: number): void => {
      frame.remove();
      resolve(Math.min(MOST, Math.max(LEAST, height)));
    };
    signal.addEventListener("abort", () => done(UNMEASURED));
    frame.onload = () => done((frame.contentDocument?.documentElement.scrollHeight ?? UNMEASURED) + 16);
    frame.srcdoc = INERT + html;
    document.body.append(frame);
  });
}
