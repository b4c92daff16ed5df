import { describe, expect, it } from "vitest";
import { dispositionPath, readPolicy } from "../src/policy";

const document = {
  version: 3,
  lines: {
    support: { label: { zh: "售后服务", en: "Support" } },
    billing: { label: { zh: "账务" }, dispositions: "money", wrapup: { mode: "mandatory" }, may_reject: false,
      sla_s: 14400, channels: { y: { may_reject: true, sla_s: 60, wrapup: { mode: "optional" } } } },
  },
  skills: { billing: { label: { zh: "账单", en: "Billing" } }, plain: {} },
  reasons: { break: { label: { zh: "小休", en: "Break" }, max_s: 900 }, rona: { label: "x" } },
  dispositions: {
    default: [{ code: "question", label: { zh: "咨询", en: "Question" }, children: [{ code: "order", label: { en: "Order" } }] }],
    money: [{ code: "refund", label: "退款" }, { code: "old", retired: true }],
  },
};

describe("the policy's words", () => {
  const words = readPolicy(document, "zh-CN");

  it("name lines and skills in the language, else in the other, else by code", () => {
    expect(words.lines).toEqual([{ code: "support", label: "售后服务" }, { code: "billing", label: "账务" }]);
    expect(readPolicy(document, "en").lines[1]?.label).toBe("账务");
    expect([...words.skills]).toEqual([["billing", "账单"], ["plain", "plain"]]);
  });

  it("offer the reasons a person may choose, not those of the system", () => {
    expect(words.notReady).toEqual([{ code: "break", label: "小休" }]);
  });

  it("give each line its tree, without what is retired", () => {
    expect(words.dispositions("billing").map((node) => node.code)).toEqual(["refund"]);
    expect(words.dispositions("support")[0]?.children[0]).toEqual({ code: "order", label: "Order", children: [] });
    expect(words.dispositions(null)).toEqual(words.dispositions("support"));
  });

  it("tell the way to a disposition", () => {
    expect(dispositionPath(words.dispositions("support"), "order")).toEqual(["咨询", "Order"]);
    expect(dispositionPath(words.dispositions("support"), "nothing")).toEqual([]);
  });

  it("know what a line demands and allows, and what it leaves open", () => {
    expect(words.rule("billing", "x")).toEqual({ mayReject: false, target: 14400, dispositionRequired: true, undoS: 0, senders: [] });
    expect(words.rule("billing", "y")).toEqual({ mayReject: true, target: 60, dispositionRequired: false, undoS: 0, senders: [] });
    expect(words.rule("support", "x")).toEqual({ mayReject: null, target: null, dispositionRequired: false, undoS: 0, senders: [] });
  });

  it.each([undefined, null, 7, "x", [], {}, { lines: 3, reasons: "no", dispositions: [1, null] }])(
    "of a document that is none (%j) are empty, not an error",
    (raw) => {
      const empty = readPolicy(raw, "en");
      expect(empty.lines).toEqual([]);
      expect(empty.notReady).toEqual([]);
      expect(empty.dispositions("support")).toEqual([]);
    },
  );
});
