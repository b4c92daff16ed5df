/** What is announced to me, with what I must read before becoming ready; and for supervisors writing it and who has read it. */
import { NotificationOutlined, PlusOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Badge, Button, Drawer, Progress, Segmented, Tooltip } from "antd";
import { useEffect, useState } from "react";
import { get, query, send } from "../api";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { At, Hollow, Lines, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { Page } from "../wire";
import { NewAnnouncement } from "./NewAnnouncement";
import "./announcements.css";

export interface AnnouncementView {
  id: string;
  title: string;
  body: string;
  begins_at: string;
  ends_at: string | null;
  must: boolean;
  by_name: string;
  withdrawn_at: string | null;
  /** Mine: when I said that I have read it. */
  read_at?: string | null;
  /** All: whom it means, and how many of them have read it. */
  meant?: number;
  read?: number;
}

const MINE = ["announcements", "mine"] as const;

/** Others open it by this event: who must read first is shown what. */
export const OPEN_ANNOUNCEMENTS = "announcements:open";

export function Announcements() {
  const { t, word } = useWords();
  const queries = useQueryClient();
  const writes = useMay("announcement.write");
  const [open, setOpen] = useState(false);
  const [writing, setWriting] = useState(false);
  const [view, setView] = useState("mine");
  const mine = useQuery({ queryKey: MINE, queryFn: ({ signal }) => get<Page<AnnouncementView>>("/announcements", signal) });
  const items = mine.data?.items ?? [];
  const unread = items.filter((one) => !one.read_at);
  const must = unread.some((one) => one.must);
  // What must be read shows itself; the rest waits behind its number.
  useEffect(() => {
    if (must) setOpen(true);
  }, [must]);
  useEffect(() => {
    const show = (): void => {
      setOpen(true);
      void queries.invalidateQueries({ queryKey: MINE });
    };
    window.addEventListener(OPEN_ANNOUNCEMENTS, show);
    return () => window.removeEventListener(OPEN_ANNOUNCEMENTS, show);
  }, [queries]);
  return (
    <>
      <Tooltip title={t("announcements.title")}>
        <Badge count={unread.length} size="small" offset={[-6, 6]}>
          <Button type="text" icon={<NotificationOutlined />} aria-label={t("announcements.title")} data-testid="announcements-open" onClick={() => setOpen(true)} />
        </Badge>
      </Tooltip>
      <Drawer
        open={open}
        size={520}
        title={t("announcements.title")}
        onClose={() => setOpen(false)}
        extra={
          writes && (
            <Button type="primary" icon={<PlusOutlined />} data-testid="announcement-new" onClick={() => setWriting(true)}>
              {t("announcements.new")}
            </Button>
          )
        }
      >
        {writes && <Segmented className="announcements-view" value={view} options={["mine", "all"].map((value) => ({ value, label: <span data-testid={`announcements-${value}`}>{word("announcements.views", value)}</span> }))} onChange={(value) => setView(String(value))} />}
        {view === "all" && writes ? <All /> : mine.isError ? <LoadFailed again={() => void mine.refetch()} /> : <Mine items={items} />}
      </Drawer>
      {writing && <NewAnnouncement onClose={() => setWriting(false)} />}
    </>
  );
}

function Mine({ items }: { items: AnnouncementView[] }) {
  const words = useWords();
  const { t } = words;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const [busy, setBusy] = useState("");
  if (items.length === 0) return <Hollow glyph={<NotificationOutlined />} title={t("announcements.none")} />;
  const read = async (id: string): Promise<void> => {
    setBusy(id);
    try {
      await send("POST", `/announcements/${encodeURIComponent(id)}/read`, {});
      await queries.invalidateQueries({ queryKey: ["announcements"] });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy("");
    }
  };
  return (
    <>
      {items.map((one) => (
        <article key={one.id} className={`announcement${one.read_at ? "" : " unread"}`} data-testid="announcement" data-id={one.id}>
          <Head one={one} />
          <p className="announcement-body">{one.body}</p>
          <div className="row">
            {one.must && !one.read_at && <span className="late grow">{t("announcements.must")}</span>}
            {one.read_at ? (
              <span className="dim">
                {t("announcements.read")} <At at={one.read_at} />
              </span>
            ) : (
              <Button size="small" type="primary" loading={busy === one.id} data-testid="announcement-read" onClick={() => void read(one.id)}>
                {t("announcements.confirm")}
              </Button>
            )}
          </div>
        </article>
      ))}
    </>
  );
}

function Head({ one }: { one: AnnouncementView }) {
  return (
    <header className="row">
      <strong className="grow">{one.title}</strong>
      <span className="dim">
        {one.by_name} <At at={one.begins_at} />
      </span>
    </header>
  );
}

function All() {
  const { t } = useWords();
  const [opened, setOpened] = useState<string | null>(null);
  const found = useInfiniteQuery({
    queryKey: ["announcements", "all"],
    queryFn: ({ pageParam, signal }) => get<Page<AnnouncementView>>(`/announcements${query({ all: 1, limit: 20, cursor: pageParam })}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  if (found.isPending) return <Lines n={6} />;
  const items = found.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <Hollow glyph={<NotificationOutlined />} title={t("announcements.none")} />;
  return (
    <>
      {items.map((one) => (
        <article key={one.id} className="announcement" data-testid="announcement-all">
          <Head one={one} />
          <div className="row announcement-read">
            <Progress className="grow" size="small" percent={one.meant ? Math.round((100 * (one.read ?? 0)) / one.meant) : 0} format={() => `${one.read ?? 0} / ${one.meant ?? 0}`} />
            <Button size="small" data-testid="announcement-readers" onClick={() => setOpened(opened === one.id ? null : one.id)}>
              {t("announcements.readers")}
            </Button>
            {one.withdrawn_at ? <span className="tag">{t("announcements.withdrawn")}</span> : <Withdraw id={one.id} />}
          </div>
          {opened === one.id && <Readers id={one.id} />}
        </article>
      ))}
      {found.hasNextPage && (
        <Button type="text" block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("common.more")}
        </Button>
      )}
    </>
  );
}

function Withdraw({ id }: { id: string }) {
  const words = useWords();
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const withdraw = async (): Promise<void> => {
    try {
      await send("POST", `/announcements/${encodeURIComponent(id)}/withdraw`, {});
      await queries.invalidateQueries({ queryKey: ["announcements"] });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
  return (
    <Button size="small" danger onClick={() => void withdraw()}>
      {words.t("announcements.withdraw")}
    </Button>
  );
}

function Readers({ id }: { id: string }) {
  const { t } = useWords();
  const found = useQuery({ queryKey: ["announcements", "readers", id], queryFn: ({ signal }) => get<{ items: { agent: string; name: string; read_at: string | null }[] }>(`/announcements/${encodeURIComponent(id)}/readers`, signal) });
  if (!found.data) return <Lines n={3} />;
  return (
    <ul className="announcement-readers" data-testid="announcement-reader-list">
      {found.data.items.map((one) => (
        <li key={one.agent} className="row">
          <span className="grow">{one.name}</span>
          {one.read_at ? <At at={one.read_at} /> : <span className="late">{t("announcements.unread")}</span>}
        </li>
      ))}
    </ul>
  );
}
