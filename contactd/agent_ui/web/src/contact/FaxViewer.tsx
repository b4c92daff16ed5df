/** Pages of a fax: turn, zoom, next; small pictures on the left, keys ← and →. */
import {
  ColumnWidthOutlined,
  DownloadOutlined,
  LeftOutlined,
  PrinterOutlined,
  RightOutlined,
  RotateRightOutlined,
  ZoomInOutlined,
  ZoomOutOutlined,
} from "@ant-design/icons";
import { Button, Tooltip } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useWords } from "../i18n";
import { useKeys } from "../keyboard";
import { Hollow, Lines, LoadFailed } from "../shell/bits";
import type { AttachmentView, InteractionView, MessageView } from "../wire";
import { Attachments } from "./Attachments";
import { Delivery, NoteLine, useMessages } from "./MailThread";

const ZOOMS = [0.5, 0.75, 1, 1.5, 2, 3];

export function FaxViewer({ interaction }: { interaction: InteractionView }) {
  const { t } = useWords();
  const messages = useMessages(interaction.id);
  if (messages.isPending) return <Lines n={8} />;
  if (messages.isError) return <LoadFailed again={() => void messages.refetch()} />;
  const inbound = messages.data.filter((message) => message.direction === "inbound");
  const others = messages.data.filter((message) => message.direction !== "inbound");
  const files = inbound.flatMap((message) => message.attachments);
  const pages = files
    .filter((file) => file.page !== null && file.media_type.startsWith("image/"))
    .sort((a, b) => (a.page ?? 0) - (b.page ?? 0));
  const originals = files.filter((file) => file.page === null);
  return (
    <div className="fax">
      {pages.length > 0 ? (
        <Pages pages={pages} original={originals[0]} />
      ) : (
        <Hollow glyph={<PrinterOutlined />} title={t("fax.empty")}>
          {originals.length > 0 && <Attachments files={originals} />}
        </Hollow>
      )}
      {others.length > 0 && (
        <div className="fax-replies">
          {others.map((message) =>
            message.direction === "internal" ? <NoteLine key={message.id} message={message} /> : <FaxReply key={message.id} message={message} />,
          )}
        </div>
      )}
    </div>
  );
}

function FaxReply({ message }: { message: MessageView }) {
  const { t } = useWords();
  return (
    <div className="note-line sent" data-testid="message" data-direction="outbound">
      <PrinterOutlined />
      <span className="grow">
        <b>{message.sender_name || t("mail.reply")}</b> <span className="note-text">{message.text}</span>
      </span>
      <Delivery state={message.delivery_state} />
    </div>
  );
}

function Pages({ pages, original }: { pages: AttachmentView[]; original: AttachmentView | undefined }) {
  const { t } = useWords();
  const [at, setAt] = useState(0);
  const [zoom, setZoom] = useState(1);
  const [turns, setTurns] = useState<Record<number, number>>({});
  const page = pages[Math.min(at, pages.length - 1)];
  const step = (by: number): void => setAt((now) => Math.min(pages.length - 1, Math.max(0, now + by)));
  const scale = (by: number): void => {
    const now = ZOOMS.indexOf(zoom);
    setZoom(ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, now + by))] ?? 1);
  };
  useKeys({ ArrowLeft: () => step(-1), ArrowRight: () => step(1), "+": () => scale(1), "-": () => scale(-1) });
  if (page === undefined) return null;
  return (
    <div className="fax-view" data-testid="fax-view">
      {pages.length > 1 && (
        <div className="fax-thumbs">
          {pages.map((item, n) => (
            <button
              key={item.id}
              type="button"
              className={`clear fax-thumb${n === at ? " on" : ""}`}
              aria-label={t("fax.page", { n: n + 1, total: pages.length })}
              aria-current={n === at}
              onClick={() => setAt(n)}
            >
              <img src={item.url} alt="" loading="lazy" />
              <span className="num">{n + 1}</span>
            </button>
          ))}
        </div>
      )}
      <div className="fax-main">
        <div className="fax-tools">
          <Tool icon={<LeftOutlined />} label={t("fax.previous")} onClick={() => step(-1)} disabled={at === 0} id="fax-previous" />
          <span className="num" data-testid="fax-page">
            {t("fax.page", { n: at + 1, total: pages.length })}
          </span>
          <Tool icon={<RightOutlined />} label={t("fax.next")} onClick={() => step(1)} disabled={at >= pages.length - 1} id="fax-next" />
          <span className="grow" />
          <Tool icon={<ZoomOutOutlined />} label={t("fax.zoomOut")} onClick={() => scale(-1)} disabled={zoom === ZOOMS[0]} id="fax-zoom-out" />
          <span className="num fax-zoom">{Math.round(zoom * 100)}%</span>
          <Tool icon={<ZoomInOutlined />} label={t("fax.zoomIn")} onClick={() => scale(1)} disabled={zoom === ZOOMS.at(-1)} id="fax-zoom-in" />
          <Tool icon={<ColumnWidthOutlined />} label={t("fax.fit")} onClick={() => setZoom(1)} id="fax-fit" />
          <Tool
            icon={<RotateRightOutlined />}
            label={t("fax.rotate")}
            onClick={() => setTurns((now) => ({ ...now, [at]: ((now[at] ?? 0) + 1) % 4 }))}
            id="fax-rotate"
          />
          {original && (
            <Tooltip title={t("fax.original")}>
              <Button type="text" icon={<DownloadOutlined />} href={original.url} aria-label={t("fax.original")} />
            </Tooltip>
          )}
        </div>
        <Sheet
          key={page.id}
          page={page}
          label={t("fax.page", { n: at + 1, total: pages.length })}
          zoom={zoom}
          turn={turns[at] ?? 0}
        />
      </div>
    </div>
  );
}

interface ToolProps {
  icon: ReactNode;
  label: string;
  onClick(): void;
  disabled?: boolean;
  id: string;
}

function Tool({ icon, label, onClick, disabled = false, id }: ToolProps) {
  return (
    <Tooltip title={label}>
      <Button type="text" icon={icon} aria-label={label} disabled={disabled} onClick={onClick} data-testid={id} />
    </Tooltip>
  );
}

/** One page at the width of the view times the zoom, turned by quarters; the frame always fits what is shown. */
function Sheet({ page, label, zoom, turn }: { page: AttachmentView; label: string; zoom: number; turn: number }) {
  const view = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(600);
  const [ratio, setRatio] = useState(1.414);
  useEffect(() => {
    const box = view.current;
    if (box === null) return;
    const watcher = new ResizeObserver(() => setRoom(box.clientWidth - 32));
    watcher.observe(box);
    return () => watcher.disconnect();
  }, []);
  const sideways = turn % 2 === 1;
  const width = Math.min(room, 900) * zoom;
  const height = sideways ? width / ratio : width * ratio;
  return (
    <div className="fax-sheet" ref={view} tabIndex={0}>
      <div className="fax-paper" style={{ width, height }}>
        <img
          src={page.url}
          alt={label}
          onLoad={(event) => {
            const { naturalWidth, naturalHeight } = event.currentTarget;
            if (naturalWidth > 0) setRatio(naturalHeight / naturalWidth);
          }}
          style={{
            width: sideways ? height : width,
            height: sideways ? width : height,
            transform: `translate(-50%, -50%) rotate(${turn * 90}deg)`,
          }}
        />
      </div>
    </div>
  );
}
