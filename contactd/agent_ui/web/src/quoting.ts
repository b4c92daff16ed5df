/** What of a mail's plain text is older mail or a signature: folded, never cut, and only when nothing fresh is between it. */

const QUOTED = /^\s*>/;
const SEPARATOR =
  /^\s{0,4}(-{2,40}\s{0,5}(原始邮件|原始郵件|转发邮件|轉寄郵件|Original Message|Forwarded message|Reply Message|Ursprüngliche Nachricht|Message d['’]origine|Исходное сообщение|元のメッセージ|원본 메시지|الرسالة الأصلية)|_{10,80}\s*$)/i;
const ATTRIBUTION =
  /^\s{0,4}(On |At |Am |Le |El |Il |Em |Op |Den |W dniu |在|於|于|في |\d{1,4}[年./-]|\d{1,2} \S{2,9} \d{4}).{4,200}(wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|написал(\(а\))?|写道|寫道|작성|كتب|>|بواسطة .{1,100})\s{0,3}[:：]\s*$/;
const FROM = /^\s{0,4}[*_]{0,2}(From|Von|De|Da|Van|发件人|寄件者|差出人|送信者|보낸 사람|От|Кому|من)[*_]{0,2}\s{0,3}[:：]/i;
const SUBJECT = /^\s{0,4}[*_]{0,2}(Subject|Betreff|Objet|Oggetto|Asunto|主题|主旨|件名|제목|Тема|الموضوع)[*_]{0,2}\s{0,3}[:：]/i;
const SIGNATURE = /^-- ?$/;
const HEADERS = 8;

/** Part a text into what is fresh and what is folded; `quoted` is empty when nothing is better folded. */
export function unquote(text: string): { fresh: string; quoted: string } {
  const lines = text.split("\n");
  const start = lines.findIndex((_line, at) => begins(lines, at));
  const whole = { fresh: text, quoted: "" };
  if (start < 0 || !lines.slice(0, start).some((line) => line.trim() !== "")) return whole;
  if (!SIGNATURE.test(lines[start] ?? "") && answersBetween(lines, start)) return whole;
  return { fresh: lines.slice(0, start).join("\n").trimEnd(), quoted: lines.slice(start).join("\n") };
}

function begins(lines: string[], at: number): boolean {
  const line = lines[at] ?? "";
  if (line === "") return false;
  if (QUOTED.test(line) || SEPARATOR.test(line) || SIGNATURE.test(line) || ATTRIBUTION.test(line.slice(0, 400))) return true;
  if (FROM.test(line)) return lines.slice(at + 1, at + HEADERS).some((next) => SUBJECT.test(next));
  // The line above a quotation, in whatever language, also when it was broken in two.
  const next = lines.slice(at + 1, at + 4).find((one) => one.trim() !== "");
  if (/[:：]\s*$/.test(line)) return next !== undefined && QUOTED.test(next) && /[<@\d]/.test(line);
  return ATTRIBUTION.test(`${line} ${lines[at + 1] ?? ""}`.slice(0, 400));
}

/** Whether the writer answers between quoted lines: then every line is worth seeing. */
function answersBetween(lines: string[], start: number): boolean {
  const rest = lines.slice(start);
  const first = rest.findIndex((line) => QUOTED.test(line));
  if (first < 0) return false;
  const end = rest.findIndex((line, at) => at > first && (SIGNATURE.test(line) || SEPARATOR.test(line)));
  return rest.slice(first, end < 0 ? undefined : end).some((line) => line.trim() !== "" && !QUOTED.test(line) && !ATTRIBUTION.test(line));
}
