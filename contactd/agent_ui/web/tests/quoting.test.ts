import { describe, expect, it } from "vitest";
import { unquote } from "../src/quoting";

describe("quoted text", () => {
  it.each([
    ["好的\n\n> 旧的\n> 更旧的", "好的"],
    ["Thanks.\n\nOn 20 Nov 2026, at 09:12, Li Na wrote:\n> old", "Thanks."],
    ["收到\n在 2026年10月23日，李娜 <a@b.c> 写道：\n旧", "收到"],
    ["收到\n-----原始邮件-----\n旧", "收到"],
    ["Danke.\n\nAm 20.11.2026 um 10:00 schrieb Support <s@b.c>:\n> alt", "Danke."],
    ["Merci.\nLe ven. 20 nov. 2026 à 10:00, Support <s@b.c> a\nécrit :\n> vieux", "Merci."],
    ["Спасибо.\n20 нояб. 2026 г., в 10:00, Поддержка <s@b.c> написал(а):\n> старое", "Спасибо."],
    ["شكرا\nفي الجمعة، 20 نوفمبر 2026 في 10:00 ص تمت كتابة ما يلي بواسطة Support <s@b.c>:\n> قديم", "شكرا"],
    ["了解しました\n2026年11月20日(金) 10:00 サポート <s@b.c>:\n> 古い", "了解しました"],
    ["네\n2026년 11월 20일 (금) 오전 10:00, 고객센터 <s@b.c>님이 작성:\n> 예전", "네"],
    ["See below.\n\nFrom: A <a@b.c>\nSent: Friday\nTo: B\nSubject: x\n\nold", "See below."],
    ["请看下面。\n发件人: 甲 <a@b.c>\n发送时间: 周五\n收件人: 乙\n主题: x\n\n旧", "请看下面。"],
    ["Hello\n-- \nLi Lei\nACME", "Hello"],
  ])("is cut off: %j", (text, fresh) => {
    const parts = unquote(text);
    expect(parts.fresh).toBe(fresh);
    expect(parts.quoted).not.toBe("");
    expect(text.replace(/\s/g, "")).toBe((parts.fresh + parts.quoted).replace(/\s/g, ""));
  });

  it.each(["> 只有引用", "没有引用\n第二行", "", "Hi\n> one?\nYes.\n> two?\nNo.", "From: here on\nit is mine"])("that is all or nothing stays: %j", (text) => {
    expect(unquote(text)).toEqual({ fresh: text, quoted: "" });
  });
});

it("takes a long text in good time", () => {
  for (const line of ["On ", "On a ", "> ", "a:", "From: x", "-- ", "________________"]) {
    const text = `x\n${`${line}\n`.repeat(20_000)}${line.repeat(20_000)}`;
    expect(unquote(text).fresh.length).toBeGreaterThan(0);
  }
});
