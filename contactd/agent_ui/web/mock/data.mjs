/** Customers, agents, lines and conversations that look like a working day; development only. */

const MIN = 60_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;

export const ago = (ms) => new Date(Date.now() - ms).toISOString();
export const ahead = (ms) => new Date(Date.now() + ms).toISOString();

export const policy = {
  version: 7,
  lines: {
    support: { label: { zh: "售后支持", en: "Support" }, dispositions: "default" },
    billing: { label: { zh: "账务发票", en: "Billing" }, dispositions: "default", wrapup: { mode: "mandatory" } },
    sales: { label: { zh: "销售咨询", en: "Sales" } },
    intl: { label: { zh: "海外客户", en: "International" } },
  },
  skills: {
    billing: { label: { zh: "账单", en: "Billing" } },
    english: { label: { zh: "英语", en: "English" } },
    hardware: { label: { zh: "硬件", en: "Hardware" } },
  },
  reasons: {
    break: { label: { zh: "小休", en: "Break" }, max_s: 900 },
    lunch: { label: { zh: "午餐", en: "Lunch" }, max_s: 3600 },
    training: { label: { zh: "培训", en: "Training" } },
    meeting: { label: { zh: "会议", en: "Meeting" } },
  },
  dispositions: {
    default: [
      { code: "invoice", label: { zh: "发票", en: "Invoice" }, children: [
        { code: "invoice.title", label: { zh: "抬头或税号更正", en: "Correct title or tax number" }, children: [] },
        { code: "invoice.resend", label: { zh: "重开与补寄", en: "Reissue and resend" }, children: [] },
        { code: "invoice.red", label: { zh: "红冲", en: "Credit note" }, children: [] },
      ] },
      { code: "device", label: { zh: "设备故障", en: "Device fault" }, children: [
        { code: "device.network", label: { zh: "联网异常", en: "No network" }, children: [] },
        { code: "device.repair", label: { zh: "维修", en: "Repair" }, children: [
          { code: "device.repair.onsite", label: { zh: "上门", en: "On site" }, children: [] },
          { code: "device.repair.mailin", label: { zh: "寄修", en: "Mail-in" }, children: [] },
        ] },
      ] },
      { code: "order", label: { zh: "订单", en: "Order" }, children: [
        { code: "order.delivery", label: { zh: "物流查询", en: "Where is it" }, children: [] },
        { code: "order.change", label: { zh: "改单与取消", en: "Change or cancel" }, children: [] },
      ] },
      { code: "praise", label: { zh: "表扬与建议", en: "Praise and ideas" }, children: [] },
      { code: "other", label: { zh: "其他", en: "Other" }, children: [] },
    ],
  },
};

const point = (kind, value, display = value) => ({ kind, value, display });

export const parties = {
  p1: { id: "p1", name: "张伟", kind: "person", vip: 2, open_cases: 2, owner: "李娜", language: "zh",
    points: [point("phone", "+8613800138000", "138 0013 8000"), point("email", "zhang.wei@huaxin-tech.cn"), point("fax", "+862161234567", "021-6123 4567"), point("chat_visitor", "v-7f3a", "网页访客 7f3a"), point("phone", "+862161234568", "021-6123 4568 转 801")] },
  p2: { id: "p2", name: "北京恒源电子有限公司", kind: "org", vip: 0, open_cases: 1,
    points: [point("phone", "+861062345678", "010-6234 5678"), point("email", "caiwu@hengyuan-bj.com"), point("fax", "+861062345679", "010-6234 5679")] },
  p3: { id: "p3", name: "Emma Thompson", kind: "person", vip: 1, open_cases: 0, language: "en",
    points: [point("email", "emma.thompson@northgate-imports.co.uk"), point("phone", "+442079460958", "+44 20 7946 0958")] },
  p4: { id: "p4", name: "欧阳静怡", kind: "person", vip: 0, open_cases: 0, points: [point("phone", "+8613912345678", "139 1234 5678")] },
  p5: { id: "p5", name: "王建国", kind: "person", vip: 0, open_cases: 1, points: [point("phone", "+861062345678", "010-6234 5678")] },
  p6: { id: "p6", name: "Lukas Brandt", kind: "person", vip: 0, open_cases: 0, points: [point("email", "l.brandt@brandt-maschinen.de")] },
};

const view = (id, more) => ({
  id, channel: "email", direction: "inbound", line: "support", state: "active", state_since: ago(3 * MIN), priority: 0, skills: [],
  subject: null, from: null, to: null, queued_at: ago(6 * MIN), answered_at: ago(3 * MIN), ended_at: null, party_id: null,
  resolve_state: "unknown", customer_name: null, vip: 0, agent: "lina", outcome: null, ended_by: null, wait_s: 180, talk_s: 0,
  hold_s: 0, wrap_s: 0, wrapup_until: null, parked_until: null, thread: null, case_id: null, parent_id: null,
  routed_by: "contactd", live: false, disposition: null, unread: 0, last_message: null, ...more,
});

export const work = () => [
  view("i-chat", { channel: "chat", line: "support", state: "active", state_since: ago(4 * MIN + 12_000), from: "网页访客 7f3a", party_id: "p1",
    resolve_state: "confirmed", customer_name: "张伟", vip: 2, live: true, last_message: "指示灯现在是红色，一直闪", unread: 2, wait_s: 14 }),
  view("i-mail", { channel: "email", line: "billing", state: "active", state_since: ago(9 * MIN), subject: "发票抬头开错了，麻烦重开", from: "caiwu@hengyuan-bj.com",
    to: "service@example.com", party_id: "p2", resolve_state: "known", customer_name: "北京恒源电子有限公司", skills: [{ skill: "billing", level: 5 }],
    thread: "t-1", last_message: "附件是原发票和营业执照，请按新抬头重开。", queued_at: ago(52 * MIN), wait_s: 2580 }),
  view("i-fax", { channel: "fax", line: "sales", state: "active", state_since: ago(2 * MIN), from: "021-6123 4567", to: "021-5888 0001", party_id: "p1",
    resolve_state: "known", customer_name: "张伟", vip: 2, subject: "采购订单 PO-2026-1138（2 页）", last_message: "传真 2 页", wait_s: 310 }),
  view("i-wrap", { channel: "voice", line: "support", state: "wrapup", state_since: ago(11_000), from: "139 1234 5678", to: "400-618-0987", party_id: "p4",
    resolve_state: "known", customer_name: "欧阳静怡", wrapup_until: ahead(49_000), answered_at: ago(5 * MIN), ended_at: ago(11_000), talk_s: 287, wait_s: 23 }),
  view("i-park", { channel: "email", line: "intl", state: "parked", state_since: ago(3 * HOUR), subject: "Re: Warranty claim for order 88213", from: "emma.thompson@northgate-imports.co.uk",
    to: "service@example.com", party_id: "p3", resolve_state: "known", customer_name: "Emma Thompson", vip: 1, parked_until: ahead(16 * HOUR),
    last_message: "Thank you, I will send the photos tomorrow morning." }),
];

export const call = (n = 1) =>
  view(`i-call-${n}`, { channel: "voice", line: "support", state: "offered", state_since: ago(0), queued_at: ago(42_000), answered_at: null, agent: null,
    from: "010-6234 5678", to: "400-618-0987", resolve_state: "ambiguous", priority: 2, live: true, skills: [{ skill: "hardware", level: 4 }], wait_s: 42 });

export const mail = (n = 1) =>
  view(`i-new-mail-${n}`, { channel: "email", line: "intl", state: "offered", state_since: ago(0), queued_at: ago(19 * MIN), answered_at: null, agent: null,
    subject: "Missing customs papers for shipment HK-20931", from: "l.brandt@brandt-maschinen.de", to: "service@example.com",
    resolve_state: "maybe", customer_name: null, skills: [{ skill: "english", level: 6 }], last_message: "Dear team, our forwarder tells us that the commercial invoice is missing. The truck leaves on Friday, could you send it today?" });

export const chat = (n = 1) =>
  view(`i-new-chat-${n}`, { channel: "chat", line: "sales", state: "offered", state_since: ago(0), queued_at: ago(9_000), answered_at: null, agent: null,
    from: "网页访客 c41e", resolve_state: "unknown", live: true, last_message: "你好，请问 X200 批量采购有折扣吗？大概 50 台" });

export const heads = () => ({
  "i-chat": head("confirmed", "p1", 0),
  "i-mail": head("known", "p2", 1),
  "i-fax": head("known", "p1", 2),
  "i-wrap": head("known", "p4", 0),
  "i-park": head("known", "p3", 0),
});

function candidate(id, level, why) {
  const party = parties[id];
  return { party_id: id, name: party.name, kind: party.kind, vip: party.vip, level, why, points: party.points.slice(0, 2) };
}

function head(state, party, at) {
  const item = parties[party];
  return { resolve_state: state, party_id: party, point: item.points[at], candidates: [candidate(party, "verified", ["claim.verified"])], timeline: timeline(party).slice(0, 5), open_cases: item.open_cases };
}

export function headOf(item) {
  if (item.channel === "voice")
    return { resolve_state: "ambiguous", party_id: null, point: point("phone", "+861062345678", "010-6234 5678"), open_cases: 1,
      candidates: [candidate("p2", "asserted", ["claim.asserted", "claim.shared", "claim.open_case"]), candidate("p5", "asserted", ["claim.asserted", "claim.shared"])],
      timeline: timeline("p2").slice(0, 4) };
  if (item.channel === "email")
    return { resolve_state: "maybe", party_id: null, point: point("email", "l.brandt@brandt-maschinen.de"), open_cases: 0,
      candidates: [candidate("p6", "inferred", ["claim.inferred"])], timeline: [] };
  return { resolve_state: "unknown", party_id: null, point: point("chat_visitor", "v-c41e", "网页访客 c41e"), candidates: [], timeline: [], open_cases: 0 };
}

const tl = (id, at, channel, more) => ({ id, at: ago(at), class: "conversation", channel, direction: "inbound", ref: id, title: null, snippet: null, actor: "李娜", line: "support", state: "closed", outcome: "answered", duration_s: null, ...more });

export function timeline(party) {
  if (party === "p1")
    return [
      tl("i-chat", 4 * MIN, "chat", { title: "网页咨询", snippet: "指示灯现在是红色，一直闪", state: "active", outcome: null, actor: "李娜" }),
      tl("i-fax", 7 * MIN, "fax", { title: "采购订单 PO-2026-1138", snippet: "传真 2 页", state: "active", outcome: null, line: "sales" }),
      tl("h1", 26 * HOUR, "voice", { title: "来电", snippet: "咨询网关升级后掉线，已指导重置，约定明日回访。", duration_s: 412 }),
      { ...tl("n1", 26 * HOUR - 5 * MIN, null, { title: "备注", snippet: "客户机房在 3 楼，上门需提前登记。", outcome: null, state: null }), class: "work" },
      tl("h2", 2 * DAY, "email", { direction: "outbound", title: "Re: 网关固件升级说明", snippet: "张总您好，固件 2.4.1 的升级步骤见附件，升级前请先备份配置。", outcome: "handled" }),
      tl("h3", 2 * DAY + 2 * HOUR, "email", { title: "网关固件升级说明", snippet: "请提供 2.4.1 的升级文档，我们打算周末升级。", outcome: "handled" }),
      tl("h4", 9 * DAY, "voice", { title: "来电", snippet: null, outcome: "abandoned", actor: null, duration_s: 18 }),
      tl("h5", 21 * DAY, "chat", { title: "网页咨询", snippet: "询问质保期与上门服务范围", line: "sales", actor: "陈晓东", duration_s: 655 }),
      tl("h6", 47 * DAY, "fax", { title: "维修申请单", snippet: "传真 1 页", outcome: "handled", line: "support", actor: "王芳" }),
      tl("h7", 120 * DAY, "voice", { direction: "outbound", title: "回访", snippet: "设备运行正常，满意度 5 星。", duration_s: 95, actor: "王芳" }),
    ];
  if (party === "p2")
    return [
      tl("i-mail", 52 * MIN, "email", { title: "发票抬头开错了，麻烦重开", snippet: "附件是原发票和营业执照，请按新抬头重开。", line: "billing", state: "active", outcome: null }),
      tl("h8", 6 * DAY, "voice", { title: "来电", snippet: "询问开票进度，告知 3 个工作日内寄出。", line: "billing", duration_s: 186, actor: "陈晓东" }),
      tl("h9", 13 * DAY, "fax", { title: "银行回单", snippet: "传真 1 页", line: "billing", outcome: "handled" }),
      tl("h10", 30 * DAY, "email", { direction: "outbound", title: "10 月对账单", snippet: "请核对附件，如有差异请于 5 日内回复。", line: "billing", outcome: "handled" }),
    ];
  if (party === "p3")
    return [
      tl("i-park", 3 * HOUR, "email", { title: "Re: Warranty claim for order 88213", snippet: "Thank you, I will send the photos tomorrow morning.", line: "intl", state: "parked", outcome: null }),
      tl("h11", 5 * DAY, "voice", { title: "Call", snippet: "Asked about warranty for two broken power supplies.", line: "intl", duration_s: 301 }),
    ];
  return [tl("h12", 8 * DAY, "voice", { title: "来电", snippet: "预约安装时间", duration_s: 140, actor: "王芳" })];
}

const msg = (id, interaction, at, more) => ({ id, interaction, seq: Number(id.replace(/\D/g, "")) || 1, at: ago(at), direction: "inbound", sender: "", sender_name: null, text: "", has_html: false, attachments: [], delivery_state: null, provider_id: null, recipients: [], client_id: null, ...more });
const LI = { direction: "outbound", sender: "lina", sender_name: "李娜", delivery_state: "sent" };
const ZW = { sender: "v-7f3a", sender_name: "张伟" };

export const messages = () => ({
  "i-chat": [
    msg("m1", "i-chat", 4 * MIN, { ...ZW, text: "你好，网关升级以后一直连不上" }),
    msg("m2", "i-chat", 3 * MIN + 40_000, { ...LI, text: "张总您好，我是李娜。请问面板上的指示灯现在是什么颜色？" }),
    msg("m3", "i-chat", 3 * MIN, { ...ZW, text: "刚才是绿色" }),
    msg("m4", "i-chat", 2 * MIN + 50_000, { ...ZW, text: "重启之后变了" }),
    msg("m5", "i-chat", 2 * MIN, { ...LI, text: "麻烦您长按背面的 RESET 键 10 秒，松手后等两分钟。\n如果还是红灯，我给您安排工程师上门。" }),
    msg("m6", "i-chat", 40_000, { ...ZW, text: "好的，按了" }),
    msg("m7", "i-chat", 20_000, { ...ZW, text: "指示灯现在是红色，一直闪" }),
  ],
  "i-mail": [
    msg("m11", "i-old", 30 * DAY, { ...LI, text: "恒源财务您好，\n\n10 月对账单见附件，请核对，如有差异请于 5 日内回复。\n\n李娜", recipients: [{ role: "to", name: "恒源财务", address: "caiwu@hengyuan-bj.com" }], attachments: [{ id: "a1", name: "对账单-2026-10.xlsx", media_type: "application/vnd.ms-excel", size: 48210, page: null, inline: false, url: "/files/a1" }] }),
    msg("m12", "i-mail", 52 * MIN, { sender: "caiwu@hengyuan-bj.com", sender_name: "恒源财务 刘敏", has_html: true,
      text: "您好，\n\n贵司 11 月 3 日开具的发票（号码 25112000000123）抬头写成了“北京恒源电子公司”，正确的应为“北京恒源电子有限公司”，税号 91110108MA01ABCD2X。\n\n附件是原发票和营业执照，请按新抬头重开，并寄到原地址。\n\n刘敏\n财务部\n\n在 2026年10月23日，李娜 <service@example.com> 写道：\n> 10 月对账单见附件，请核对。",
      recipients: [{ role: "to", name: "客服", address: "service@example.com" }, { role: "cc", name: "赵会计", address: "zhao@hengyuan-bj.com" }],
      attachments: [
        { id: "a2", name: "发票-25112000000123.pdf", media_type: "application/pdf", size: 183420, page: null, inline: false, url: "/files/a2" },
        { id: "a3", name: "营业执照副本.jpg", media_type: "image/jpeg", size: 1268011, page: null, inline: false, url: "/files/a3" },
      ] }),
    msg("m13", "i-mail", 8 * MIN, { direction: "internal", sender: "chen", sender_name: "陈晓东", text: "已和财务确认可以重开，需先红冲原票。" }),
  ],
  "i-fax": [
    msg("m21", "i-fax", 7 * MIN, { sender: "021-6123 4567", text: "", attachments: [
      { id: "f1", name: "page-1.svg", media_type: "image/svg+xml", size: 9000, page: 1, inline: true, url: "/files/fax1" },
      { id: "f2", name: "page-2.svg", media_type: "image/svg+xml", size: 9000, page: 2, inline: true, url: "/files/fax2" },
      { id: "f3", name: "fax-20261120-0931.tif", media_type: "image/tiff", size: 84211, page: null, inline: false, url: "/files/f3" },
    ] }),
  ],
  "i-wrap": [msg("m31", "i-wrap", 2 * MIN, { direction: "internal", sender: "lina", sender_name: "李娜", text: "客户改约周六上午 10 点安装，需带 5 米延长线。" })],
  "i-park": [
    msg("m41", "i-park", 5 * HOUR, { sender: "emma.thompson@northgate-imports.co.uk", sender_name: "Emma Thompson", text: "Hello Li Na,\n\ntwo of the power supplies from order 88213 stopped working after a week. How do we go about the warranty?\n\nKind regards\nEmma Thompson", recipients: [{ role: "to", name: "", address: "service@example.com" }] }),
    msg("m42", "i-park", 4 * HOUR, { ...LI, text: "Dear Emma,\n\nI am sorry to hear that. Please send us photos of the type plates, then we ship replacements at once.\n\nBest regards\nLi Na", delivery_state: "delivered", recipients: [{ role: "to", name: "Emma Thompson", address: "emma.thompson@northgate-imports.co.uk" }] }),
    msg("m43", "i-park", 3 * HOUR, { sender: "emma.thompson@northgate-imports.co.uk", sender_name: "Emma Thompson", text: "Thank you, I will send the photos tomorrow morning.\n\nEmma\n\nOn 20 Nov 2026, at 09:12, Li Na wrote:\n> Please send us photos of the type plates", recipients: [{ role: "to", name: "", address: "service@example.com" }] }),
  ],
});

export const html = `<!doctype html><meta charset="utf-8"><body style="font:14px/1.7 'Microsoft YaHei',sans-serif;color:#222;margin:8px">
<p>您好，</p><p>贵司 11 月 3 日开具的发票（号码 <b>25112000000123</b>）抬头写成了“北京恒源电子公司”，正确信息如下：</p>
<table border="1" cellpadding="6" style="border-collapse:collapse;border-color:#ccc"><tr style="background:#f3f6fb"><th>项目</th><th>原发票</th><th>正确</th></tr>
<tr><td>抬头</td><td>北京恒源电子公司</td><td><b>北京恒源电子有限公司</b></td></tr><tr><td>税号</td><td>—</td><td>91110108MA01ABCD2X</td></tr><tr><td>金额</td><td colspan="2">¥12,480.00</td></tr></table>
<p>附件是原发票和营业执照，请按新抬头重开，并寄到原地址。</p><p>刘敏<br><span style="color:#888">财务部 · 北京恒源电子有限公司</span></p></body>`;

const agent = (id, name, state, since, more = {}) => ({
  agent: id, name, role: "agent", intent: state === "not_ready" ? "not_ready" : state === "logged_out" ? "logged_out" : "ready", reason: null, next_intent: null,
  health: state === "lost" ? "lost" : "ok", state, since: ago(since), slots: [], lines: ["support", "billing"], skills: [], used: 0, work: [], ...more,
});
const doing = (channel, state = "active") => ({ interaction: `x${Math.random()}`, channel, line: "support", state, since: ago(2 * MIN) });

export const agents = () => [
  agent("lina", "李娜", "talking", 4 * MIN, { role: "supervisor", used: 80, work: [doing("chat"), doing("email"), doing("fax")], lines: ["support", "billing", "sales", "intl"] }),
  agent("wangfang", "王芳", "talking", 7 * MIN + 31_000, { used: 100, work: [doing("voice")] }),
  agent("chen", "陈晓东", "ready", 2 * MIN + 5_000, { lines: ["sales", "billing"] }),
  agent("zhao", "赵敏", "wrapup", 22_000, { work: [doing("voice", "wrapup")], used: 100 }),
  agent("liuyang", "刘洋", "not_ready", 34 * MIN, { reason: "break" }),
  agent("sunli", "孙丽", "held", 50_000, { used: 100, work: [doing("voice", "held")] }),
  agent("zhou", "周涛", "offered", 6_000, { lines: ["support"] }),
  agent("mia", "Mia Chen", "ready", 11 * MIN, { lines: ["intl"] }),
  agent("tom", "Tom Becker", "talking", 3 * MIN, { used: 60, lines: ["intl"], work: [doing("chat"), doing("chat")] }),
  agent("huang", "黄磊", "not_ready", 80_000, { reason: "rona" }),
  agent("wu", "吴倩", "lost", 40_000, { lines: ["support"] }),
  agent("xu", "徐静", "logged_out", 9 * HOUR),
];

export const lines = () => [
  { line: "support", label: policy.lines.support.label, waiting: 6, oldest_at: ago(3 * MIN + 20_000), by_channel: { voice: 3, chat: 2, fax: 1 }, ready: 0, open: true, service_level: 0.74, answered: 148, abandoned: 9, sla_s: 120 },
  { line: "billing", label: policy.lines.billing.label, waiting: 3, oldest_at: ago(48 * MIN), by_channel: { email: 3 }, ready: 1, open: true, service_level: 0.91, answered: 62, abandoned: 1, sla_s: 14400 },
  { line: "sales", label: policy.lines.sales.label, waiting: 1, oldest_at: ago(35_000), by_channel: { chat: 1 }, ready: 1, open: true, service_level: 0.88, answered: 73, abandoned: 2, sla_s: 60 },
  { line: "intl", label: policy.lines.intl.label, waiting: 0, oldest_at: null, by_channel: {}, ready: 1, open: false, service_level: null, answered: 0, abandoned: 0, sla_s: 60 },
];

const NAMES = ["马超", "林志强", "Sofia Rossi", "深圳市华创精密仪器有限公司", "何雨晴", "139 8877 6655", "郑凯", "021-5566 7788", "高翔", "罗敏"];
const SUBJECTS = ["打印机报错 E-12", null, "Order 77120: wrong colour delivered", "合同盖章后请回传", "退货进度", null, "设备无法开机", null, "申请增值税专用发票", "更换联系人"];
export const waiting = (n = 10) =>
  Array.from({ length: n }, (_, i) => {
    const channel = ["voice", "chat", "email", "fax", "email", "voice", "chat", "voice", "email", "email"][i % 10];
    const line = { voice: "support", chat: i % 2 ? "support" : "sales", email: "billing", fax: "support" }[channel];
    return view(`w${i}`, { channel, line, state: i === 0 ? "offered" : "queued", agent: i === 0 ? "zhou" : null, state_since: ago(20_000 * (i + 1)), queued_at: ago(n > 20 ? 3000 * i : (channel === "email" ? 6 * MIN : 35_000) * (i + 1)), answered_at: null,
      customer_name: NAMES[i % 10], subject: SUBJECTS[i % 10], from: NAMES[i % 10], vip: i % 7 === 3 ? 3 : 0, priority: i % 5 === 3 ? 5 : 0,
      skills: channel === "email" ? [{ skill: "billing", level: 4 }] : i % 3 === 0 ? [{ skill: "hardware", level: 5 }] : [], live: channel === "voice" || channel === "chat" });
  });

export const alerts = () => [
  { id: "al1", at: ago(80_000), kind: "rona", agent: "huang", interaction: "w2", line: "support", detail: null },
  { id: "al2", at: ago(4 * MIN), kind: "break_overrun", agent: "liuyang", interaction: null, line: null, detail: null },
  { id: "al3", at: ago(17 * MIN), kind: "hops", agent: null, interaction: "w5", line: "support", detail: null },
];

export const quarantined = () => [
  view("q1", { state: "quarantined", state_since: ago(2 * HOUR), from: "no-reply@old-system.example", subject: "=?gb2312?B?tO3O8w?=", line: null, agent: null, quarantine_reason: "MIME 嵌套超过 64 层" }),
  view("q2", { state: "quarantined", channel: "fax", state_since: ago(26 * HOUR), from: "0371-6013 5900", subject: null, line: "support", agent: null, quarantine_reason: "TIFF 目录越界，第 1 页无法读取" }),
];

export const explain = () => ({
  id: "w1", state: "queued", line: "support", channel: "chat", policy_version: 7, agent: null,
  terms: { base: 0, age: 140, boost: 61.5, vip: 30 }, waited_s: 70, position: 2, waiting: 6, step: 0, steps: 2,
  needs: [{ skill: "hardware", level: 5 }], next_step_at: ahead(42_000), waits_for: null,
  filters: { busy: 3, not_ready: 2, skill: 4, not_member: 2, console: 1 },
  offers: [{ agent: "huang", outcome: "timed_out", offered_at: ago(100_000) }],
});

export function faxPage(n) {
  const rows = n === 1
    ? ["采 购 订 单", "", "订单号：PO-2026-1138", "日期：2026-11-20", "需方：华信科技（上海）有限公司", "联系人：张伟  021-6123 4567 转 801", "", "序号  品名            数量    单价       金额", "1     网关 X200        50    ¥1,280.00  ¥64,000.00", "2     电源适配器        50    ¥86.00     ¥4,300.00", "3     安装支架          20    ¥45.00     ¥900.00", "", "合计：¥69,200.00（陆万玖仟贰佰元整）", "", "交货：2026-12-05 前，送至上海市浦东新区张江路 88 号 3 楼", "付款：月结 30 天"]
    : ["附件：收货与开票信息", "", "抬头：华信科技（上海）有限公司", "税号：91310115MA1H0000XX", "开户行：招商银行上海张江支行", "账号：1219 0000 0010 888", "", "经办：张伟            审批：____________", "", "（盖章）"];
  const text = rows.map((row, i) => `<text x="90" y="${150 + i * 44}" font-size="${i === 0 ? 38 : 25}" font-weight="${i === 0 ? 700 : 400}">${row}</text>`).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1414" width="1000" height="1414"><rect width="1000" height="1414" fill="#fdfdfb"/><g font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" fill="#1c1c1c"><text x="40" y="42" font-size="17">2026-11-20 09:31  FROM: 021 6123 4567  HUAXIN TECH          P.00${n}/002</text>${text}</g>${n === 2 ? '<circle cx="700" cy="560" r="95" fill="none" stroke="#555" stroke-width="5"/><text x="640" y="568" font-size="26" fill="#555">华信科技</text>' : '<path d="M80 425h840M80 605h840" stroke="#333" stroke-width="2"/>'}</svg>`;
}
