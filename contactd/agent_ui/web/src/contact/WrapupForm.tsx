/**
 * Disposition tree, several topics, a summary.  While the contact goes on it only saves (`end: false`); finishing wrap-up is
 * another button that is there only in wrap-up, and ending the contact is a third, elsewhere and in another colour.
 */
import { CheckOutlined, CloseOutlined, HourglassOutlined, PlusOutlined, SaveOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Input, TreeSelect } from "antd";
import type { TextAreaRef } from "antd/es/input/TextArea";
import { useEffect, useMemo, useRef, useState } from "react";
import { usePolicy, useRun } from "../desk";
import { useWords } from "../i18n";
import { isSend } from "../keyboard";
import type { DispositionNode } from "../policy";
import { Kbd } from "../shell/bits";
import type { InteractionDetail, InteractionView } from "../wire";
import { useWrapup, type WrapupContent } from "./wrapupDraft";

interface Props {
  interaction: InteractionView;
  detail: InteractionDetail | null;
  /** Grows when the keyboard asks for the form. */
  focus: number;
}

export function WrapupForm({ interaction, detail, focus }: Props) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const { message } = AntApp.useApp();
  const policy = usePolicy();
  const wrapup = useWrapup(interaction, detail);
  const { content } = wrapup;
  const tree = useMemo(() => policy.dispositions(interaction.line), [policy, interaction.line]);
  const wrapping = interaction.state === "wrapup";
  const more = interaction.wrapup_extensions ?? 0;
  const saving = busy.has("interaction.complete");
  const words = useRef<TextAreaRef>(null);

  const complete = async (end: boolean): Promise<void> => {
    if (saving) return;
    if (end && policy.rule(interaction.line, interaction.channel).dispositionRequired && tree.length > 0 && wrapup.main === null) {
      wrapup.complain();
      return;
    }
    const { ok, error } = await run(
      "interaction.complete",
      { interaction: interaction.id, ...wrapup.payload(), end },
      { queue: true, quietFields: ["disposition"] },
    );
    if (error?.field === "disposition") wrapup.complain();
    if (!ok) return;
    if (end) {
      wrapup.clear();
      return;
    }
    // The summary is stored as a note by each save: what was stored is not sent again.
    wrapup.set({ ...content, note: "" });
    message.success(t(wrapping ? "common.saved" : "wrapup.saved"));
  };
  const set = (change: Partial<WrapupContent>): void => wrapup.set({ ...content, ...change });
  const topic = (at: number, change: Partial<WrapupContent["topics"][number]>): void =>
    set({ topics: content.topics.map((item, n) => (n === at ? { ...item, ...change } : item)) });

  return (
    <div className="wrapup" data-testid="wrapup-form">
      <div className="wrapup-fields">
        {tree.length === 0 && <p className="dim">{t("wrapup.empty")}</p>}
        {tree.length > 0 &&
          content.topics.map((item, at) => (
            <div className="wrapup-topic" key={at}>
              <div data-testid={at === 0 ? "wrapup-disposition" : `wrapup-disposition-${at + 1}`}>
                <DispositionSelect
                  tree={tree}
                  value={item.disposition}
                  bad={at === 0 && wrapup.missing && item.disposition === null}
                  asked={at === 0 ? focus : 0}
                  onChange={(disposition) => {
                    topic(at, { disposition });
                    // The way on by keyboard: chosen, then the summary, then Ctrl+Enter.
                    if (at === 0 && disposition !== null) words.current?.focus();
                  }}
                />
              </div>
              {content.topics.length > 1 && (
                <>
                  <Input
                    value={item.note}
                    placeholder={t("wrapup.topicNote")}
                    onChange={(event) => topic(at, { note: event.target.value })}
                  />
                  <Button
                    type="text"
                    icon={<CloseOutlined />}
                    aria-label={t("wrapup.removeTopic")}
                    onClick={() => set({ topics: content.topics.filter((_, n) => n !== at) })}
                  />
                </>
              )}
              {at === 0 && content.topics.length === 1 && (
                <AddTopic onAdd={() => set({ topics: [...content.topics, { disposition: null, note: "" }] })} />
              )}
            </div>
          ))}
        {content.topics.length > 1 && (
          <AddTopic onAdd={() => set({ topics: [...content.topics, { disposition: null, note: "" }] })} />
        )}
        <Input.TextArea
          ref={words}
          value={content.note}
          placeholder={t("wrapup.note")}
          aria-label={t("wrapup.note")}
          autoSize={{ minRows: 2, maxRows: 6 }}
          data-testid="wrapup-note"
          onChange={(event) => set({ note: event.target.value })}
          onKeyDown={(event) => {
            if (isSend(event)) void complete(wrapping);
          }}
        />
      </div>
      <div className="dock-foot">
        <Button icon={<SaveOutlined />} loading={saving} data-testid="wrapup-save" onClick={() => void complete(false)}>
          {t("wrapup.save")}
        </Button>
        {wrapping && (
          <Button
            className="wrapup-finish"
            icon={<CheckOutlined />}
            loading={saving}
            data-testid="wrapup-finish"
            onClick={() => void complete(true)}
          >
            {t("wrapup.finish")}
          </Button>
        )}
        {wrapping && more > 0 && (
          <Button
            icon={<HourglassOutlined />}
            loading={busy.has("interaction.extend")}
            data-testid="wrapup-extend"
            onClick={() => void run("interaction.extend", { interaction: interaction.id })}
          >
            {t("wrapup.extend", { n: more })}
          </Button>
        )}
        {wrapup.missing && wrapup.main === null && (
          <span className="late" role="alert">
            {t("wrapup.required")}
          </span>
        )}
        <span className="grow" />
        {!wrapping && <span className="dim cut">{t("wrapup.saveHint")}</span>}
        <Kbd>Ctrl</Kbd> <Kbd>Enter</Kbd>
      </div>
    </div>
  );
}

function AddTopic({ onAdd }: { onAdd(): void }) {
  const { t } = useWords();
  return (
    <Button type="dashed" size="small" icon={<PlusOutlined />} data-testid="wrapup-add-topic" onClick={onAdd}>
      {t("wrapup.addTopic")}
    </Button>
  );
}

interface SelectProps {
  tree: DispositionNode[];
  value: string | null;
  bad: boolean;
  /** Opens each time it grows. */
  asked: number;
  onChange(code: string | null): void;
}

interface TreeNode {
  value: string;
  title: React.ReactNode;
  path: string;
  selectable: boolean;
  children: TreeNode[];
}

/** Only leaves may be chosen; what is chosen is shown with its way from the root, so it is unmistakable. */
function DispositionSelect({ tree, value, bad, asked, onChange }: SelectProps) {
  const { t } = useWords();
  const nodes = useMemo(() => tree.map((node) => asTree(node, "")), [tree]);
  const field = useRef<{ focus(): void }>(null);
  const [open, setOpen] = useState(false);
  const before = useRef(0);
  useEffect(() => {
    if (asked === before.current) return;
    before.current = asked;
    field.current?.focus();
    setOpen(true);
  }, [asked]);
  return (
    <TreeSelect
      ref={field as never}
      open={open}
      onOpenChange={setOpen}
      treeData={nodes}
      value={value ?? undefined}
      onChange={(code: string | undefined) => onChange(code ?? null)}
      treeNodeLabelProp="path"
      treeNodeFilterProp="path"
      treeDefaultExpandAll
      treeExpandAction="click"
      showSearch
      allowClear
      listHeight={320}
      placement="topLeft"
      placeholder={t("wrapup.pick")}
      aria-label={t("wrapup.disposition")}
      {...(bad ? { status: "error" as const } : {})}
      style={{ width: "100%" }}
      popupMatchSelectWidth={320}
    />
  );
}

function asTree(node: DispositionNode, above: string): TreeNode {
  const path = above === "" ? node.label : `${above} / ${node.label}`;
  return {
    value: node.code,
    path,
    title: <span data-testid={`disposition-${node.code}`}>{node.label}</span>,
    selectable: node.children.length === 0,
    children: node.children.map((child) => asTree(child, path)),
  };
}
