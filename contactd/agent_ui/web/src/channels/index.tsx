/**
 * How each channel looks and which of the console's tools it uses.  The only file of the console that knows channels by name;
 * a channel it does not know is shown as text with a plain reply.
 */
import {
  CarryOutOutlined,
  CustomerServiceOutlined,
  FormOutlined,
  MailOutlined,
  MessageOutlined,
  PhoneOutlined,
  PrinterOutlined,
  ShopOutlined,
  SoundOutlined,
} from "@ant-design/icons";
import type { ReactNode } from "react";

export interface ChannelLook {
  icon: ReactNode;
  /** What the middle of the screen shows. */
  body: "call" | "mail" | "chat" | "pages" | "task" | "text";
  /** What may be written to the customer. */
  reply: "mail" | "chat" | "pages" | null;
  /** The customer waits at the other end: it rings like a call. */
  urgent: boolean;
}

const LOOKS: Record<string, ChannelLook> = {
  voice: { icon: <PhoneOutlined />, body: "call", reply: null, urgent: true },
  callback: { icon: <CustomerServiceOutlined />, body: "call", reply: null, urgent: true },
  email: { icon: <MailOutlined />, body: "mail", reply: "mail", urgent: false },
  chat: { icon: <MessageOutlined />, body: "chat", reply: "chat", urgent: true },
  message: { icon: <MessageOutlined />, body: "chat", reply: "chat", urgent: true },
  fax: { icon: <PrinterOutlined />, body: "pages", reply: "pages", urgent: false },
  voicemail: { icon: <SoundOutlined />, body: "text", reply: null, urgent: false },
  form: { icon: <FormOutlined />, body: "mail", reply: "mail", urgent: false },
  visit: { icon: <ShopOutlined />, body: "text", reply: null, urgent: false },
  task: { icon: <CarryOutOutlined />, body: "task", reply: null, urgent: false },
};

const OTHER: ChannelLook = { icon: <FormOutlined />, body: "text", reply: "mail", urgent: false };

/** Channels offered as filters of a timeline, in this order. */
export const COMMON_CHANNELS = ["voice", "email", "chat", "fax"] as const;

/** Every channel there is. */
export const CHANNELS: readonly string[] = Object.keys(LOOKS);

export function lookOf(channel: string | null): ChannelLook {
  return LOOKS[channel ?? ""] ?? OTHER;
}
