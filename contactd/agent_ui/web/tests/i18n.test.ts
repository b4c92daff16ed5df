import { describe, expect, it } from "vitest";
import { en } from "../src/i18n/en";
import { zhCN } from "../src/i18n/zh-CN";

function flat(node: object, path = ""): [string, string][] {
  return Object.entries(node).flatMap(([name, value]) =>
    typeof value === "string" ? [[path + name, value] as [string, string]] : flat(value as object, `${path}${name}.`),
  );
}

const zh = new Map(flat(zhCN));
const english = new Map(flat(en));

function fields(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "").sort();
}

describe("the catalogues", () => {
  it("have the same keys", () => {
    expect([...english.keys()].sort()).toEqual([...zh.keys()].sort());
  });

  it.each([...zh.entries()])("fill the same fields: %s", (key, text) => {
    expect(fields(english.get(key) ?? "")).toEqual(fields(text));
  });

  it("leave nothing empty", () => {
    for (const [key, text] of [...zh, ...english]) expect(text.trim(), key).not.toBe("");
  });

  it("say nothing in Chinese in the English one", () => {
    for (const [key, text] of english) expect(/\p{Script=Han}/u.test(text), key).toBe(false);
  });

  it.each([
    ["mood.ready", "示闲"],
    ["mood.not_ready", "示忙"],
    ["mood.wrapup", "话后处理"],
    ["wrapup.disposition", "业务小结"],
    ["floor.line", "技能组"],
    ["outcome.abandoned", "放弃"],
    ["intent.logout", "签出"],
    ["intent.defaults.break", "小休"],
    ["alert.rona", "坐席未应答"],
  ])("use the trade's word for %s", (key, word) => {
    expect(zh.get(key)).toBe(word);
  });

  it.each(["空闲", "置闲", "置忙", "小憩", "队列名", "话务员", "事后处理"])("forbid the synonym %s", (synonym) => {
    // 空闲 is a duration (“空闲最久”), never a state.
    const allowed = synonym === "空闲" ? ["reason.longest_idle"] : [];
    const used = [...zh].filter(([key, text]) => text.includes(synonym) && !allowed.includes(key)).map(([key]) => key);
    expect(used).toEqual([]);
  });
});
