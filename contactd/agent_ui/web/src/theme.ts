/** The looks: one palette in light and dark, handed to Ant Design as tokens and to our own styles as CSS variables. */
import { theme, type ThemeConfig } from "antd";

export interface Palette {
  bg: string;
  panel: string;
  sunk: string;
  line: string;
  lineStrong: string;
  text: string;
  text2: string;
  text3: string;
  accent: string;
  accentWeak: string;
  onAccent: string;
  ready: string;
  talk: string;
  hold: string;
  wrap: string;
  away: string;
  danger: string;
  dangerWeak: string;
  warnWeak: string;
  mine: string;
  shadow: string;
}

const LIGHT: Palette = {
  bg: "#f1f3f7",
  panel: "#ffffff",
  sunk: "#f7f8fa",
  line: "#e5e8ee",
  lineStrong: "#cfd5df",
  text: "#19202c",
  text2: "#4d5766",
  text3: "#5f6876",
  accent: "#4356c6",
  accentWeak: "#eceffb",
  onAccent: "#ffffff",
  ready: "#178a55",
  talk: "#1f6fb8",
  hold: "#8f5a00",
  wrap: "#8049bd",
  away: "#a5562b",
  danger: "#c8323a",
  dangerWeak: "#fdeeee",
  warnWeak: "#fff5e0",
  mine: "#e3e8fb",
  shadow: "0 1px 2px rgba(25,32,44,.06), 0 4px 16px rgba(25,32,44,.06)",
};

const DARK: Palette = {
  bg: "#0f1217",
  panel: "#181c23",
  sunk: "#1e232c",
  line: "#2a303b",
  lineStrong: "#3b4351",
  text: "#e7eaf0",
  text2: "#b0b8c5",
  text3: "#8b95a5",
  accent: "#8f9dff",
  accentWeak: "#262c49",
  onAccent: "#0f1217",
  ready: "#4cc38a",
  talk: "#65b1f2",
  hold: "#e3a63c",
  wrap: "#bd93f0",
  away: "#e29468",
  danger: "#f2777d",
  dangerWeak: "#3a2023",
  warnWeak: "#382c14",
  mine: "#2b3357",
  shadow: "0 1px 2px rgba(0,0,0,.4), 0 4px 16px rgba(0,0,0,.3)",
};

export function palette(dark: boolean): Palette {
  return dark ? DARK : LIGHT;
}

export function antTheme(dark: boolean): ThemeConfig {
  const p = palette(dark);
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: p.accent,
      colorInfo: p.accent,
      colorLink: p.accent,
      colorSuccess: p.ready,
      colorWarning: p.hold,
      colorError: p.danger,
      colorBgBase: p.panel,
      colorBgLayout: p.bg,
      colorBgContainer: p.panel,
      colorBgElevated: dark ? p.sunk : p.panel,
      colorBorder: p.lineStrong,
      colorBorderSecondary: p.line,
      colorText: p.text,
      colorTextSecondary: p.text2,
      colorTextTertiary: p.text3,
      colorTextPlaceholder: p.text3,
      colorTextLightSolid: p.onAccent,
      fontFamily: "var(--font)",
      fontSize: 13,
      borderRadius: 6,
      controlHeight: 30,
      motionDurationMid: "0.12s",
      motionDurationSlow: "0.16s",
      wireframe: false,
    },
    components: {
      Tooltip: { colorTextLightSolid: "#f4f6fa", colorBgSpotlight: dark ? "#39414f" : "#27303f" },
      Table: { cellPaddingBlockSM: 6, cellPaddingInlineSM: 10, headerBg: p.sunk, headerSplitColor: "transparent" },
      Button: { primaryShadow: "none", defaultShadow: "none", dangerShadow: "none", fontWeight: 500 },
      Segmented: { trackBg: p.bg },
      Tabs: { horizontalItemPadding: "8px 0", horizontalItemGutter: 20, horizontalMargin: "0" },
    },
  };
}

/** Put the palette where style sheets find it. */
export function paint(dark: boolean): void {
  const root = document.documentElement;
  root.dataset.theme = dark ? "dark" : "light";
  root.style.colorScheme = dark ? "dark" : "light";
  for (const [name, value] of Object.entries(palette(dark))) {
    root.style.setProperty(`--${name.replace(/[A-Z]|\d/g, (mark) => `-${mark.toLowerCase()}`)}`, value as string);
  }
}
