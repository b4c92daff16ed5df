/** Top bar: where to go, whom to find, my state when the work screen is not open, language, looks, log-out. */
import { BellOutlined, GlobalOutlined, MoonOutlined, NotificationOutlined, QuestionCircleOutlined, SunOutlined } from "@ant-design/icons";
import { App as AntApp, Badge, Button, Dropdown, type MenuProps, Tooltip } from "antd";
import { lazy, Suspense, useState } from "react";
import { Announcements } from "../announcements/Announcements";
import { api } from "../api";
import { useConsole, useDesk, useLink, useMay } from "../desk";
import { useWords } from "../i18n";
import icon from "../icon.svg";
import { useAccount } from "../phone/account";
import { go, type Screen } from "../route";
import { changeSettings, useDark, useSettings } from "../settings";
import { Face } from "./bits";
import { DialPad } from "./DialPad";
import { IntentSwitch } from "./IntentSwitch";
import { Nav } from "./Nav";
import { askForNotices, noticesAllowed } from "./notices";
import { Search } from "./Everything";

/** The phone and its library come only to who has an account. */
const BrowserPhone = lazy(() => import("../phone/BrowserPhone"));

interface Props {
  screen: Screen | null;
  username: string;
  onHelp(): void;
  onLeft(): void;
}

export function TopBar({ screen, username, onHelp, onLeft }: Props) {
  const { t } = useWords();
  const works = useMay("agent.set_intent");
  const dials = useMay("call.dial");
  const finds = useMay("search");
  const told = useMay("announcement.read");
  const account = useAccount();
  return (
    <header className="top">
      <a className="top-logo" href="#/" aria-label={t("app.name")}>
        <img src={icon} alt="" width={24} height={24} />
        <span>{t("app.name")}</span>
      </a>
      <Nav screen={screen} />
      {finds ? <Search /> : <span style={{ flex: 1 }} />}
      <div className="top-end">
        {works && screen !== "work" && screen !== null && <IntentSwitch compact />}
        {account !== null && (
          <Suspense fallback={null}>
            <BrowserPhone account={account} />
          </Suspense>
        )}
        {dials && <DialPad />}
        {told && <Announcements />}
        <LinkDot />
        <LanguageButton />
        <ThemeButton />
        <Tooltip title={t("settings.shortcuts")}>
          <Button type="text" icon={<QuestionCircleOutlined />} onClick={onHelp} aria-label={t("settings.shortcuts")} />
        </Tooltip>
        <UserMenu username={username} onLeft={onLeft} />
      </div>
    </header>
  );
}

function LinkDot() {
  const { link } = useLink();
  const { t } = useWords();
  const status = link === "online" ? "success" : link === "connecting" ? "processing" : "warning";
  const title = link === "online" ? t("link.online") : link === "connecting" ? t("link.connecting") : t("link.offline");
  return (
    <Tooltip title={title}>
      <span data-testid="link-state" data-link={link} className="top-link">
        <Badge status={status} />
        <span className="sr">{title}</span>
      </span>
    </Tooltip>
  );
}

function LanguageButton() {
  const { t, language } = useWords();
  return (
    <Tooltip title={t("settings.language")}>
      <Button
        type="text"
        data-testid="lang-switch"
        icon={<GlobalOutlined />}
        onClick={() => changeSettings({ language: language === "en" ? "zh-CN" : "en" })}
      >
        {language === "en" ? "EN" : "中"}
      </Button>
    </Tooltip>
  );
}

function ThemeButton() {
  const { t } = useWords();
  const dark = useDark();
  return (
    <Tooltip title={t("settings.theme")}>
      <Button
        type="text"
        data-testid="theme-switch"
        aria-label={dark ? t("settings.light") : t("settings.dark")}
        icon={dark ? <SunOutlined /> : <MoonOutlined />}
        onClick={() => changeSettings({ theme: dark ? "light" : "dark" })}
      />
    </Tooltip>
  );
}

function UserMenu({ username, onLeft }: { username: string; onLeft(): void }) {
  const { t } = useWords();
  const { message } = AntApp.useApp();
  const { socket } = useDesk();
  const settings = useSettings();
  const name = useConsole((state) => state.me.name) ?? username;
  const [allowed, setAllowed] = useState(noticesAllowed());

  const leave = async (): Promise<void> => {
    socket.stop();
    await api.logout().catch(() => undefined);
    onLeft();
    go("work");
  };
  const ask = async (): Promise<void> => {
    const answer = await askForNotices();
    setAllowed(answer);
    if (answer !== "granted") message.warning(t("settings.desktopDenied"));
  };
  const items: MenuProps["items"] = [
    {
      key: "sound",
      icon: <BellOutlined />,
      label: `${t("settings.sound")} · ${t(settings.sound ? "common.on" : "common.off")}`,
      onClick: () => changeSettings({ sound: !settings.sound }),
    },
    {
      key: "desktop",
      icon: <NotificationOutlined />,
      disabled: allowed === "granted",
      label: allowed === "granted" ? `${t("settings.desktop")} · ${t("common.on")}` : t("settings.desktopAsk"),
      onClick: () => void ask(),
    },
    { key: "system", icon: <MoonOutlined />, label: `${t("settings.theme")} · ${t("settings.system")}`, onClick: () => changeSettings({ theme: "system" }) },
    { type: "divider" },
    { key: "logout", danger: true, label: <span data-testid="logout">{t("login.logout")}</span>, onClick: () => void leave() },
  ];
  return (
    <Dropdown menu={{ items }} trigger={["click"]} placement="bottomRight">
      <button type="button" className="clear top-user" title={name} data-testid="user-menu">
        <Face name={name} mine />
        <span className="cut">{name}</span>
      </button>
    </Dropdown>
  );
}
