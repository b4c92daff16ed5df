/** Files of a message: sound is played here, everything else is downloaded, never opened; what is held only by those who may. */
import { DownloadOutlined, PaperClipOutlined, StopOutlined } from "@ant-design/icons";
import { Tooltip } from "antd";
import { useConsole } from "../desk";
import { bytes } from "../format";
import { useWords } from "../i18n";
import type { AttachmentView } from "../wire";

export function Attachments({ files }: { files: AttachmentView[] }) {
  const { t, word } = useWords();
  const oversees = useConsole((state) => state.me.role === "supervisor" || state.me.role === "admin");
  return (
    <div className="files" aria-label={t("mail.attachments")}>
      {files
        .filter((file) => !file.held && file.media_type.startsWith("audio/"))
        .map((file) => (
          <audio key={`${file.id}-sound`} controls preload="metadata" src={file.url} aria-label={file.name} data-testid="sound" />
        ))}
      {files.map((file) => {
        const inside = (
          <>
            {file.held ? <StopOutlined /> : <PaperClipOutlined />}
            <span className="cut">{file.name}</span>
            <span className="dim num">{bytes(file.size)}</span>
            {(!file.held || oversees) && <DownloadOutlined className="dim" />}
          </>
        );
        const may = !file.held || oversees;
        return (
          <Tooltip key={file.id} title={file.held ? word("held", file.held) : t("mail.download")}>
            {may ? (
              <a className={`file${file.held ? " held" : ""}`} href={file.url} download={file.name} data-testid="attachment">
                {inside}
              </a>
            ) : (
              <span className="file held" data-testid="attachment-held" data-held={file.held}>
                {inside}
              </span>
            )}
          </Tooltip>
        );
      })}
    </div>
  );
}
