/** Conditions over customers: as people put them on the screen, and as a policy writes them. */
export const OPS = ["is", "is_not", "any_of", "has", "lacks", "at_least", "at_most", "known"] as const;
export type Op = (typeof OPS)[number];

/** One condition on the screen; the value is what stands in its field. */
export interface Asked {
  field: string;
  op: Op;
  value: string;
}

export type Condition = Record<string, unknown> & { field?: unknown };

/** Fields of which a customer has several values at once. */
const SEVERAL = ["tags", "roles"];
/** Fields that are counted or measured. */
const COUNTED = ["vip", "value", "contacts", "quiet_days", "complaints", "contract_days"];

/** Which questions make sense of a field; of fields of the house all do. */
export function opsOf(field: string): readonly Op[] {
  if (SEVERAL.includes(field)) return ["has", "lacks", "any_of", "known"];
  if (COUNTED.includes(field)) return ["at_least", "at_most", "is", "is_not", "known"];
  return field.startsWith("custom.") ? OPS : ["is", "is_not", "any_of", "known"];
}

/** Another field is asked: the question stays if it makes sense of that one, too. */
export function about(asked: Asked, field: string): Asked {
  const ops = opsOf(field);
  return { field, op: ops.includes(asked.op) ? asked.op : (ops[0] ?? "is"), value: "" };
}

/** Whether something is asked at all. */
export function whole(asked: Asked): boolean {
  return asked.op === "known" || asked.value.split(/[,，、]/).some((one) => one.trim() !== "");
}

/** As a policy writes it: numbers as numbers, lists as lists. */
export function written({ field, op, value }: Asked): Condition {
  if (op === "known") return { field, known: value !== "no" };
  if (op === "any_of") return { field, any_of: value.split(/[,，、]/).map((one) => one.trim()).filter(Boolean).map(plain) };
  return { field, [op]: plain(value.trim()) };
}

/** As it stands on the screen. */
export function asked(condition: Condition): Asked {
  const op = OPS.find((one) => one in condition) ?? "is";
  const value = condition[op];
  if (op === "known") return { field: String(condition.field), op, value: value === false ? "no" : "" };
  return { field: String(condition.field), op, value: Array.isArray(value) ? value.join(", ") : String(value ?? "") };
}

/** A key for a new segment: by its English name, else numbered; one that is not taken. */
export function keyOf(name: string, taken: readonly string[]): string {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "").slice(0, 40) || "segment";
  if (!taken.includes(slug)) return slug;
  for (let n = 2; ; n++) if (!taken.includes(`${slug}_${n}`)) return `${slug}_${n}`;
}

function plain(value: string): string | number {
  const number = Number(value);
  return value !== "" && Number.isFinite(number) ? number : value;
}
