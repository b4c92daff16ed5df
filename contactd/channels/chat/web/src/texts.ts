/** Every sentence of the widget, in Chinese and English. */

const zh = {
  open: "打开在线客服",
  close: "收起对话窗口",
  title: "在线客服",
  hi: "您好，有什么可以帮您？",
  intro: "直接留言即可，客服会在这里回复您。",
  closed: "现在是非工作时间。请留言，我们上班后会尽快回复。",
  placeholder: "输入消息…",
  send: "发送",
  name: "怎么称呼您（选填）",
  contact: "手机或邮箱（选填，方便后续联系）",
  waiting: "正在为您安排客服",
  place: (n: number) => (n === 1 ? "您排在第 1 位，马上轮到您" : `您排在第 ${n} 位`),
  wait: (likely: number, most: number) => {
    const usual = likely < 1 ? "通常不到 1 分钟" : `通常 ${likely} 分钟左右`;
    return most > Math.max(likely, 1) ? `${usual}，很少超过 ${most} 分钟` : usual;
  },
  withAgent: (name: string) => (name ? `${name} 正在为您服务` : "客服正在为您服务"),
  held: "请稍候，客服正在为您查询",
  parked: "客服稍后会继续回复您，可以先离开",
  ended: "本次对话已结束",
  endedHint: "还有问题？直接留言即可重新开始。",
  end: "结束对话",
  endSure: "确定结束？",
  connecting: "正在连接…",
  offline: "网络已断开，正在重连。您可以继续输入，恢复后自动发送。",
  refused: "在线客服暂时无法使用",
  sending: "发送中",
  sent: "已送达",
  seen: "已读",
  failed: "未能发送",
  typing: "对方正在输入",
  you: "您",
  agent: "客服",
  unread: (n: number) => `${n} 条新消息`,
  tooLong: (n: number) => `超出 ${n} 字`,
  online: "在线",
  rate: "这次服务怎么样？",
  rateWords: "想说的话（选填）",
  rateSend: "提交评价",
  rateNo: "不评价",
  rated: "谢谢，已收到。",
};

const en: typeof zh = {
  open: "Open chat",
  close: "Minimise chat",
  title: "Chat with us",
  hi: "Hello! How can we help?",
  intro: "Just write: a colleague of ours will answer right here.",
  closed: "We are closed right now. Leave a message and we will answer when we are back.",
  placeholder: "Write a message…",
  send: "Send",
  name: "Your name (optional)",
  contact: "Phone or e-mail (optional)",
  waiting: "Finding someone for you",
  place: (n: number) => (n === 1 ? "You are next in line" : `You are number ${n} in line`),
  wait: (likely: number, most: number) => {
    const usual = likely < 1 ? "Usually under a minute" : likely === 1 ? "Usually about a minute" : `Usually about ${likely} minutes`;
    return most > Math.max(likely, 1) ? `${usual}, rarely more than ${most} min` : usual;
  },
  withAgent: (name: string) => (name ? `You are talking to ${name}` : "You are talking to us"),
  held: "One moment, your agent is looking it up",
  parked: "Your agent will come back to you here; you need not wait",
  ended: "This conversation has ended",
  endedHint: "Anything else? Write again to start a new one.",
  end: "End chat",
  endSure: "Really end?",
  connecting: "Connecting…",
  offline: "Connection lost, trying again. Keep writing: it is sent when we are back.",
  refused: "Chat is not available right now",
  sending: "Sending",
  sent: "Delivered",
  seen: "Read",
  failed: "Could not be sent",
  typing: "typing",
  you: "You",
  agent: "Support",
  unread: (n: number) => (n === 1 ? "1 new message" : `${n} new messages`),
  tooLong: (n: number) => `${n} characters too many`,
  online: "Online",
  rate: "How did we do?",
  rateWords: "Anything to add? (optional)",
  rateSend: "Send",
  rateNo: "No, thanks",
  rated: "Thank you, we have got it.",
};

export type Texts = typeof zh;

export function texts(lang: string): Texts {
  return lang.toLowerCase().startsWith("zh") ? zh : en;
}

/** The expected wait in words: whole minutes, rounded up, for a promise too short is worse than none. */
export function waitText(t: Texts, p50: number | null, p90: number | null): string {
  if (p50 === null) return "";
  const minutes = (seconds: number) => (seconds < 50 ? 0 : Math.ceil(seconds / 60));
  return t.wait(minutes(p50), minutes(Math.max(p90 ?? p50, p50)));
}
