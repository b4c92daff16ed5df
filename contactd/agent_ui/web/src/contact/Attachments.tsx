/** Files of a message: sound is played here, everything else is downloaded, never opened in the console. */
import { DownloadOutlined, PaperClipOutlined } from "@ant-design/icons";
import { bytes } from "../format";
import { useWords } from "../i18n";
import type { AttachmentView } from "../wire";

export function Attachments({ files }: { files: AttachmentView[] }) {
  const { t } = useWords();
  return (
    <div className="files" aria-label={t("mail.attachments")}>
      {files
        .filter((file) => file.media_type.startsWith("audio/"))
        .map((file) => (
          <audio key={`${file.id}-sound`} controls preload="metadata" src={file.url} aria-label={file.name} data-testid="sound" />
        ))}
      {files.map((file) => (
        <a key={file.id} className="file" href={file.url} download={file.name} data-testid="attachment" title={t("mail.download")}>
          <PaperClipOutlined />
          <span className="cut">{file.name}</span>
          <span className="dim num">{bytes(file.size)}</span>
          <DownloadOutlined className="dim" />
        </a>
      ))}
    </div>
  );
}
