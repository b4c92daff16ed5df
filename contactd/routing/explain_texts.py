"""The words of explanations for the command line, in Chinese and English; consoles have their own catalogue with the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SENTENCES: dict[str, dict[str, str]] = {
    "reason.wait_talking": {"en": "{n} who could take it are in a contact", "zh": "{n} 名可接坐席正在服务中"},
    "reason.wait_wrapup": {"en": "{n} who could take it are in wrap-up", "zh": "{n} 名可接坐席正在话后处理"},
    "reason.wait_offered": {"en": "{n} who could take it are being rung", "zh": "{n} 名可接坐席正在振铃"},
    "reason.wait_working": {"en": "{n} who could take it have no room left", "zh": "{n} 名可接坐席占用已满"},
    "reason.wait_console": {"en": "{n} who could take it have connection trouble", "zh": "{n} 名可接坐席连接异常"},
    "reason.wait_draining": {"en": "{n} who could take it are being drained", "zh": "{n} 名可接坐席正在停止派单"},
    "reason.wait_device": {"en": "{n} who could take it have no phone", "zh": "{n} 名可接坐席没有话机"},
    "reason.wait_skipped": {"en": "{n} declined or missed it a moment ago", "zh": "{n} 名坐席刚拒绝或未应答"},
    "reason.wait_rest": {"en": "{n} who could take it are given a rest", "zh": "{n} 名可接坐席正在强制休息"},
    "reason.wait_spacing": {
        "en": "{n} who could take it have just had a hard contact",
        "zh": "{n} 名可接坐席刚处理过高压联络",
    },
    "reason.wait_reserve": {
        "en": "{n} who could take it are kept free for live contacts",
        "zh": "{n} 名可接坐席为实时渠道预留",
    },
    "reason.wait_drain": {
        "en": "{n} who could take it are kept free for something more urgent",
        "zh": "{n} 名可接坐席的余量为更紧急的工作保留",
    },
    "reason.wait_pbx": {"en": "the PBX routes it", "zh": "由电话系统派送"},
    "reason.wait_preferred": {"en": "it waits for one agent, who is asked first", "zh": "优先等待指定坐席"},
    "reason.wait_visit": {
        "en": "held back for the visit: who is serving this customer is asked first",
        "zh": "同一客户正由一名坐席接待，优先派给该坐席",
    },
    "reason.wait_visit_first": {
        "en": "held back for the visit: this customer's live contact goes first",
        "zh": "同一客户的实时联络优先，本件暂缓派发",
    },
    "reason.wait_contact": {
        "en": "the customer is in contact with us now; the callback waits for its end",
        "zh": "客户正在与我方联络，回呼待其结束",
    },
    "reason.wait_hours": {
        "en": "the queue is closed; the callback waits for the next opening",
        "zh": "技能组未开放，回呼待下次开放",
    },
    "reason.wait_answer": {
        "en": "the queue is closed; the customer is being asked whether to be called back",
        "zh": "技能组未开放，正在询问客户是否需要回呼",
    },
    "reason.wait_not_ready": {"en": "{n} who could take it are not ready", "zh": "{n} 名可接坐席未示闲"},
    "reason.wait_step": {
        "en": "{n} more fit in {s:g} s, when step {step} opens",
        "zh": "{s:g} 秒后进入第 {step} 步，届时另有 {n} 名坐席可接",
    },
    "reason.wait_absent": {"en": "all {n} who could take it are away", "zh": "可接的 {n} 名坐席都不在"},
    "reason.wait_never": {"en": "nobody has what it asks for", "zh": "没有坐席符合要求"},
    "reason.idle_empty": {"en": "nothing is waiting", "zh": "没有客户在等待"},
    "reason.idle_nothing": {
        "en": "nothing waiting that this agent may take ({n} wait)",
        "zh": "等待中的 {n} 件都不能派给该坐席",
    },
    "reason.idle_full": {"en": "all of the agent's capacity is in use", "zh": "该坐席的容量已全部占用"},
    "reason.idle_step": {
        "en": "{n} open to this agent in {s:g} s, with the next step",
        "zh": "{n} 件将在 {s:g} 秒后的下一步对该坐席开放",
    },
    "reason.idle_others": {"en": "{n} are kept for a named colleague", "zh": "{n} 件为指定同事保留"},
    "reason.idle_not_member": {"en": "{n} are in queues the agent is not in", "zh": "{n} 件在其他技能组"},
    "reason.idle_skill": {"en": "{n} ask for a skill the agent lacks", "zh": "{n} 件要求该坐席没有的技能"},
    "reason.idle_device": {"en": "{n} need a phone, and the agent has none", "zh": "{n} 件需要话机，而该坐席没有"},
    "reason.idle_busy": {
        "en": "{n} do not fit beside what the agent has in hand",
        "zh": "{n} 件与手头工作合计超出容量",
    },
    "reason.idle_skipped": {"en": "{n} were declined or missed by the agent", "zh": "{n} 件刚被该坐席拒绝或错过"},
    "reason.idle_not_now": {"en": "{n} are not to be offered at the moment", "zh": "{n} 件暂不派发"},
    "reason.idle_spacing": {
        "en": "{n} are hard contacts, and the agent has just had one",
        "zh": "{n} 件为高压联络，该坐席刚处理过一件",
    },
    "reason.idle_reserve": {
        "en": "{n} are not given to the agent, who is kept free for live contacts",
        "zh": "{n} 件不派给该坐席：为实时渠道预留",
    },
    "reason.idle_drain": {
        "en": "{n} would fill room that is kept for something more urgent",
        "zh": "{n} 件会占用为更紧急工作保留的余量",
    },
    "reason.idle_rest": {"en": "the agent is given a rest", "zh": "该坐席正在强制休息"},
    "reason.idle_not_routed_here": {"en": "{n} are routed by the PBX", "zh": "{n} 件由电话系统派送"},
    "reason.idle_waits_for_other": {"en": "{n} are kept for somebody else", "zh": "{n} 件为他人保留"},
    "reason.idle_signed_out": {"en": "the agent is signed out", "zh": "该坐席已签出"},
    "reason.idle_console": {"en": "the agent's console does not answer", "zh": "该坐席的工作台失联"},
    "reason.idle_not_ready": {"en": "the agent is not ready {reason}", "zh": "该坐席未示闲 {reason}"},
    "reason.idle_draining": {"en": "the agent is being drained", "zh": "该坐席正在停止派单"},
}
"""Key of a sentence → its words."""

FILTERS: dict[str, dict[str, str]] = {
    "chosen": {"en": "chosen", "zh": "选中"},
    "free": {"en": "could take it", "zh": "可以接"},
    "choosing": {"en": "about to choose for themselves", "zh": "即将自行选取"},
    "preferred_first": {"en": "another agent was asked first", "zh": "先询问指定坐席"},
    "not_routed_here": {"en": "routed by the PBX", "zh": "由电话系统派送"},
    "not_now": {"en": "not to be offered now", "zh": "暂不派发"},
    "not_member": {"en": "not in this queue", "zh": "不在此技能组"},
    "skill": {"en": "lacks a skill", "zh": "技能不足"},
    "step": {"en": "fits at a later step", "zh": "后续步骤可接"},
    "signed_out": {"en": "signed out", "zh": "已签出"},
    "console": {"en": "connection trouble", "zh": "连接异常"},
    "not_ready": {"en": "not ready", "zh": "未示闲"},
    "draining": {"en": "being drained", "zh": "正在停止派单"},
    "device": {"en": "has no phone", "zh": "没有话机"},
    "skipped": {"en": "declined or missed it", "zh": "刚拒绝或未应答"},
    "waits_for_other": {"en": "kept for somebody else", "zh": "为他人保留"},
    "busy": {"en": "fully occupied", "zh": "占用已满"},
    "rest": {"en": "given a rest", "zh": "强制休息中"},
    "spacing": {"en": "has just had a hard contact", "zh": "刚处理过高压联络"},
    "reserve": {"en": "kept free for live work", "zh": "为实时渠道保留"},
    "drain": {"en": "kept for more urgent work", "zh": "等待更高优先级的工作"},
}
"""What keeps an agent from an item → its words."""


def sentence(reason: Mapping[str, Any], language: str) -> str:
    """Return a reason as a sentence; its key where there are no words for it."""
    words = SENTENCES.get(str(reason["key"]))
    if words is None:
        return str(reason["key"])
    return words[language].format(**reason["params"]).strip()


def kept(word: str, language: str) -> str:
    """Return in words what keeps an agent from an item."""
    return FILTERS[word][language] if word in FILTERS else word
