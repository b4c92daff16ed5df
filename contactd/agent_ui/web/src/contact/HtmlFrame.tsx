/**
 * A mail as its sender laid it out: the server's sanitised document in a frame without scripts and of no origin.
 *
 * Such a frame cannot tell its height.  The same text is laid out once, unseen, without scripts, to measure it.
 * Pictures from elsewhere are fetched by the server, after a click, and come inside the document.
 */
import { PictureOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useEffect, useRef, useState } from "react";
import { api } from "../api";
import { useWords } from "../i18n";
import { FoldButton } from "./FoldButton";

const LEAST = 60;
const MOST = 1600;
const UNMEASURED = 320;
const INERT = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`;

interface Laid {
  url: string;
  height: number;
  /** Pictures from elsewhere that are not shown. */
  missing: number;
  folds: boolean;
}

export function HtmlFrame({ message }: { message: string }) {
  const { t } = useWords();
  const [images, setImages] = useState(false);
  const [folded, setFolded] = useState(true);
  const [laid, setLaid] = useState<Laid | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const url = api.htmlUrl(message, images, folded);
  useEffect(() => {
    const stop = new AbortController();
    const unmeasured = { url, height: UNMEASURED, missing: 0, folds: false };
    void api
      .html(url, stop.signal)
      .then(async (html) => {
        const told = /content="missing=(\d+) folds=([01])"/.exec(html);
        const height = await measure(html, box.current?.clientWidth ?? 600, stop.signal);
        return { url, height, missing: Number(told?.[1] ?? 0), folds: told?.[2] === "1" };
      })
      .catch(() => unmeasured)
      .then((now) => {
        if (!stop.signal.aborted) setLaid(now);
      });
    return () => stop.abort();
  }, [url]);
  return (
    <div ref={box} className="mail-html">
      {laid !== null && (
        <iframe
          key={laid.url}
          title={t("mail.html")}
          src={laid.url}
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          referrerPolicy="no-referrer"
          style={{ height: laid.height }}
          data-testid="mail-html"
        />
      )}
      {laid === null && <div style={{ height: 120 }} aria-busy />}
      {laid?.folds && <FoldButton open={!folded} onClick={() => setFolded(!folded)} />}
      {laid !== null && laid.missing > 0 && (
        <div className="mail-images" data-testid="mail-images">
          <PictureOutlined />
          {images && laid.url === url && <span className="cut">{t("mail.imagesMissing", { n: laid.missing })}</span>}
          {!images && <span className="cut">{t("mail.imagesHidden")}</span>}
          {(!images || laid.url !== url) && (
            <Button type="link" size="small" loading={images} data-testid="show-images" onClick={() => setImages(true)}>
              {t("mail.showImages")}
            </Button>
          )}
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
