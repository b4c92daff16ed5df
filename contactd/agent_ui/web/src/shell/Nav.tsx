/** The top bar's way to every screen: what is used all day stands in a row, the rest under one button. */
import { DownOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Dropdown } from "antd";
import { api, get, keys, query } from "../api";
import { useConsole } from "../desk";
import { useWords } from "../i18n";
import { allowed, go, type Screen } from "../route";
import type { Page } from "../wire";
import { GROUP_OF, GROUPS, placed } from "./screens";

export function Nav({ screen }: { screen: Screen | null }) {
  const { t } = useWords();
  const rights = useConsole((state) => state.me.rights) ?? [];
  const may = (one: Screen) => allowed(one, rights);
  const stuck = useQuarantined(may("quarantine"));
  const asked = useAsked(rights.includes("approval.decide"));
  const counts: Partial<Record<Screen, number>> = { quarantine: stuck, approvals: asked };
  const { daily, seldom } = placed(rights, stuck, asked);
  return (
    <nav className="top-nav">
      {may("work") && <NavLink to="work" now={screen} label={t("nav.work")} badge={<WorkBadge />} />}
      {may("cases") && <NavLink to="cases" now={screen} label={t("nav.cases")} badge={<CaseBadge />} />}
      {may("customers") && <NavLink to="customers" now={screen} label={t("nav.customers")} badge={null} />}
      {may("outbox") && <NavLink to="outbox" now={screen} label={t("nav.outbox")} badge={<OutboxBadge />} />}
      {may("knowledge") && <NavLink to="knowledge" now={screen} label={t("nav.knowledge")} badge={null} />}
      {may("floor") && <NavLink to="floor" now={screen} label={t("nav.floor")} badge={<AlertBadge />} />}
      {daily.map((one) => (
        <NavLink key={one} to={one} now={screen} label={t(`nav.${one}` as "nav.records")} badge={counts[one] ? <span className="nav-badge quiet">{counts[one]}</span> : null} />
      ))}
      {seldom.length > 1 ? (
        <More now={screen} screens={seldom} />
      ) : (
        seldom.map((one) => <NavLink key={one} to={one} now={screen} label={t(`nav.${one}` as "nav.records")} badge={null} />)
      )}
    </nav>
  );
}

/** Cases I follow in which something happened that I have not seen. */
function CaseBadge() {
  const found = useQuery({ queryKey: [...keys.followed, "news"], queryFn: ({ signal }) => api.cases({ watcher: "me", unseen: 1 }, signal) });
  const count = found.data?.items.length ?? 0;
  return count > 0 ? (
    <span className="badge num" data-testid="cases-badge">
      {count}
    </span>
  ) : null;
}

/** Screens that are not needed all day; the one that is open gives the button its name. */
function More({ now, screens }: { now: Screen | null; screens: readonly Screen[] }) {
  const { t } = useWords();
  const open = screens.find((one) => one === now);
  const item = (one: Screen) => ({
    key: one,
    label: <span data-testid={`nav-${one}`}>{t(`nav.${one}` as "nav.records")}</span>,
    onClick: () => go(one),
  });
  const items = GROUPS.flatMap((group) => {
    const own = screens.filter((one) => (GROUP_OF[one] ?? "admin") === group);
    return own.length === 0 ? [] : [{ key: group, type: "group" as const, label: t(`navGroups.${group}`), children: own.map(item) }];
  });
  return (
    <Dropdown menu={{ items, selectedKeys: open ? [open] : [] }} trigger={["click"]}>
      <button type="button" className={open ? "clear on" : "clear"} aria-current={open ? "page" : undefined} data-testid="nav-more">
        {open ? t(`nav.${open}` as "nav.records") : t("nav.more")}
        <DownOutlined />
      </button>
    </Dropdown>
  );
}

function NavLink({ to, now, label, badge }: { to: Screen; now: Screen | null; label: string; badge: React.ReactNode }) {
  return (
    <a
      href={`#/${to}`}
      className={now === to ? "on" : ""}
      aria-current={now === to ? "page" : undefined}
      data-testid={`nav-${to}`}
      onClick={(event) => {
        if (now === to) event.preventDefault();
      }}
    >
      {label}
      {badge}
    </a>
  );
}

function WorkBadge() {
  const offers = useConsole((state) => state.offers.length) ?? 0;
  return offers > 0 ? <span className="nav-badge">{offers}</span> : null;
}

function AlertBadge() {
  const alerts = useConsole((state) => state.floor.alerts.length) ?? 0;
  return alerts > 0 ? <span className="nav-badge quiet">{alerts}</span> : null;
}

/** How many of my messages did not arrive. */
function OutboxBadge() {
  const { data } = useQuery({
    queryKey: keys.outbox(false),
    queryFn: ({ signal }) => api.outbox(false, signal),
    refetchInterval: 300_000,
  });
  const n = data?.items.filter((item) => item.box === "failed" || item.box === "held").length ?? 0;
  return n > 0 ? (
    <span className="nav-badge" data-testid="outbox-badge">
      {n}
    </span>
  ) : null;
}

/** What others ask for and is not decided; told by the socket. */
function useAsked(decides: boolean): number {
  const { data } = useQuery({
    queryKey: ["approvals", "waiting"],
    queryFn: ({ signal }) => get<Page<{ until: string }>>(`/approvals${query({ state: "asked", limit: 50 })}`, signal),
    enabled: decides,
  });
  return data?.items.length ?? 0;
}

/** How much could not be read and waits for somebody to look at it. */
function useQuarantined(may: boolean): number {
  const { data } = useQuery({
    queryKey: keys.quarantined,
    queryFn: ({ signal }) => api.interactions({ state: "quarantined" }, signal),
    refetchInterval: 60_000,
    enabled: may,
  });
  return data?.items.length ?? 0;
}
