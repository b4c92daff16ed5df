/** An editor for formatted letters: a few buttons, the browser's own keys, and nothing pasted that a letter does not need. */
import { BoldOutlined, ClearOutlined, ItalicOutlined, LinkOutlined, OrderedListOutlined, UnderlineOutlined, UnorderedListOutlined } from "@ant-design/icons";
import { Button, Tooltip } from "antd";
import { forwardRef, useEffect, useImperativeHandle, useRef } from "react";
import { type Key, useWords } from "../i18n";
import { isSend } from "../keyboard";
import { pictureOf, safeHtml, shownHtml } from "./richText";

export interface EditorHandle {
  focus(): void;
  insert(text: string): void;
  /** Put pictures that were uploaded where the caret is. */
  picture(upload: string): void;
}

interface Props {
  html: string;
  readOnly: boolean;
  label: string;
  placeholder: string;
  onChange(html: string, text: string): void;
  onFiles(files: FileList): void;
  onSend(): void;
}

const TOOLS: [string, Key, React.ReactNode][] = [
  ["bold", "mail.bold", <BoldOutlined key="b" />],
  ["italic", "mail.italic", <ItalicOutlined key="i" />],
  ["underline", "mail.underline", <UnderlineOutlined key="u" />],
  ["insertUnorderedList", "mail.bullets", <UnorderedListOutlined key="ul" />],
  ["insertOrderedList", "mail.numbers", <OrderedListOutlined key="ol" />],
  ["removeFormat", "mail.clearFormat", <ClearOutlined key="c" />],
];

export const RichEditor = forwardRef<EditorHandle, Props>(function RichEditor(props, handle) {
  const { t } = useWords();
  const area = useRef<HTMLDivElement>(null);
  const written = useRef<string | null>(null);
  useEffect(() => {
    if (area.current === null || props.html === written.current) return;
    // What comes from a colleague's draft is rewritten before it stands in the page.
    area.current.innerHTML = shownHtml(props.html);
    written.current = props.html;
  }, [props.html]);
  const tell = (): void => {
    const html = safeHtml(area.current?.innerHTML ?? "");
    const text = (area.current?.innerText ?? "").replace(/\u00a0/g, " ").replace(/\n{3,}/g, "\n\n").trimEnd();
    written.current = text === "" && !html.includes("<img") ? "" : html;
    props.onChange(written.current, text);
  };
  const act = (command: string, value?: string): void => {
    area.current?.focus();
    document.execCommand(command, false, value);
    tell();
  };
  useImperativeHandle(handle, () => ({
    focus: () => area.current?.focus(),
    insert: (text) => act("insertText", text),
    picture: (upload) => act("insertHTML", pictureOf(upload)),
  }));
  const link = (): void => {
    const address = window.prompt(t("mail.linkTo"), "https://");
    if (address && /^(https?:|mailto:|tel:)/i.test(address)) act("createLink", address);
  };
  return (
    <div className="rich">
      <div className="rich-tools" role="toolbar" aria-label={t("mail.format")}>
        {TOOLS.map(([command, label, icon]) => (
          <Tooltip key={command} title={t(label)}>
            <Button
              type="text"
              size="small"
              icon={icon}
              aria-label={t(label)}
              disabled={props.readOnly}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => act(command)}
            />
          </Tooltip>
        ))}
        <Tooltip title={t("mail.link")}>
          <Button type="text" size="small" icon={<LinkOutlined />} aria-label={t("mail.link")} disabled={props.readOnly} onMouseDown={(event) => event.preventDefault()} onClick={link} />
        </Tooltip>
      </div>
      <div
        ref={area}
        className="rich-area"
        contentEditable={!props.readOnly}
        suppressContentEditableWarning
        role="textbox"
        aria-multiline
        aria-label={props.label}
        data-placeholder={props.placeholder}
        data-testid="composer-rich"
        onInput={tell}
        onPaste={(event) => {
          const { clipboardData } = event;
          if (clipboardData.files.length > 0) {
            event.preventDefault();
            props.onFiles(clipboardData.files);
            return;
          }
          const html = clipboardData.getData("text/html");
          event.preventDefault();
          if (html !== "") act("insertHTML", shownHtml(html));
          else act("insertText", clipboardData.getData("text/plain"));
        }}
        onKeyDown={(event) => {
          if (isSend(event)) {
            event.preventDefault();
            props.onSend();
          }
        }}
      />
    </div>
  );
});
