/** How a draft stood before; any of it can be taken back. */
import { CheckOutlined } from "@ant-design/icons";
import { Button, Popover } from "antd";
import { useState } from "react";
import { useDesk } from "../desk";
import { useWords } from "../i18n";
import { At, Lines } from "../shell/bits";
import type { Letter, Saved } from "./letter";

interface Version {
  version: number;
  name: string;
  at: string;
  body: Partial<Letter>;
}

export function DraftHistory({ interaction, saved, onRestore }: { interaction: string; saved: Saved; onRestore(body: Partial<Letter>): void }) {
  const { t } = useWords();
  const { socket } = useDesk();
  const [open, setOpen] = useState(false);
  const [versions, setVersions] = useState<Version[] | null>(null);
  const toggle = (next: boolean): void => {
    setOpen(next);
    if (!next) return;
    setVersions(null);
    socket
      .command("draft.versions", { interaction }, false)
      .then((data) => setVersions((data as { versions: Version[] }).versions))
      .catch(() => setVersions([]));
  };
  return (
    <Popover
      open={open}
      onOpenChange={toggle}
      trigger="click"
      placement="topRight"
      content={
        <div className="templates" data-testid="draft-versions">
          {versions === null && <Lines n={3} />}
          {versions?.length === 0 && <p className="dim">{t("mail.noVersions")}</p>}
          <div className="template-list">
            {versions?.map((one) => (
              <button
                key={one.version}
                type="button"
                className="clear template"
                data-testid="draft-version"
                onClick={() => {
                  onRestore(one.body);
                  setOpen(false);
                }}
              >
                <span className="row">
                  <strong className="cut grow">{one.name}</strong> <At at={one.at} />
                </span>
                <span className="dim">{one.body.text}</span>
              </button>
            ))}
          </div>
        </div>
      }
    >
      <Button type="text" size="small" icon={<CheckOutlined />} className="dim" data-testid="draft-history">
        {t(saved === "server" ? "mail.draftSaved" : saved === "saving" ? "mail.draftSaving" : "mail.draftKept")}
      </Button>
    </Popover>
  );
}
