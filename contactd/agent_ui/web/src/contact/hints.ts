/** What one would want to be asked before a letter leaves: forgotten files, places left open, somebody else's name or address. */

export type Hint =
  | { kind: "attachment" }
  | { kind: "place"; place: string }
  | { kind: "lookalike"; address: string; known: string }
  | { kind: "stranger"; address: string }
  | { kind: "greeting"; name: string; customer: string };

export interface Letter {
  text: string;
  files: number;
  /** Everybody it goes to. */
  to: string[];
  /** Addresses of the conversation and of the customer. */
  known: string[];
  customer: string;
  /** Passed on to somebody outside on purpose: addresses nobody knows are no surprise. */
  passedOn: boolean;
}

const MENTIONS = /附件|见附|随附|attach(ed|ment)|enclosed/i;
const PLACE = /\{([a-z_]{1,40})\}/;
const GREETING = /^\s*(?:尊敬的|亲爱的)?\s*([\p{Script=Han}·]{2,6}?)(?:先生|女士|小姐|老师|总)?[，,]?\s*您?好|^\s*(?:dear|hello|hi)\s+(?:(?:mr|mrs|ms|dr)\.?\s+)?([\p{L}'-]{2,30})/iu;
const NOBODY = new Set(["all", "there", "sir", "madam", "team", "customer", "sirs", "everyone", "客户", "各位", "大家", "您好", "你好"]);

export function hints(letter: Letter): Hint[] {
  const found: Hint[] = [];
  if (letter.files === 0 && MENTIONS.test(letter.text)) found.push({ kind: "attachment" });
  const place = PLACE.exec(letter.text)?.[1];
  if (place !== undefined) found.push({ kind: "place", place });
  const known = new Set(letter.known.map(fold));
  for (const address of letter.to) {
    if (known.has(fold(address))) continue;
    const near = letter.known.find((other) => alike(fold(address), fold(other)));
    if (near !== undefined) found.push({ kind: "lookalike", address, known: near });
    else if (!letter.passedOn && known.size > 0) found.push({ kind: "stranger", address });
  }
  const name = greeted(letter.text);
  if (name !== null && letter.customer !== "" && !letter.passedOn && !fits(name, letter.customer)) {
    found.push({ kind: "greeting", name, customer: letter.customer });
  }
  return found;
}

function greeted(text: string): string | null {
  const match = GREETING.exec(text);
  const name = (match?.[1] ?? match?.[2] ?? "").trim();
  return name === "" || NOBODY.has(name.toLowerCase()) ? null : name;
}

/** A name of the customer: all of it, a part of it, or a Chinese surname. */
function fits(name: string, customer: string): boolean {
  const [one, other] = [name.toLowerCase(), customer.toLowerCase()];
  if (other.includes(one) || one.includes(other)) return true;
  return /^\p{Script=Han}/u.test(other) && [...one][0] === [...other][0];
}

function fold(address: string): string {
  return address.trim().toLowerCase();
}

/** Another address one slip of the finger away: a letter changed, lost, added, or two swapped. */
export function alike(one: string, other: string): boolean {
  if (one === other || Math.abs(one.length - other.length) > 1 || one.length < 6) return false;
  let start = 0;
  while (start < one.length && one[start] === other[start]) start++;
  let end = 0;
  while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  const [left, right] = [one.length - start - end, other.length - start - end];
  if (left <= 1 && right <= 1) return true;
  return left === 2 && right === 2 && one[start] === other[start + 1] && one[start + 1] === other[start];
}
