"""The words of a comparison, in Chinese and English."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "title": {"en": "What if", "zh": "推演对比"},
    "figure": {"en": "figure", "zh": "指标"},
    "live": {"en": "as it is", "zh": "现行方案"},
    "draft": {"en": "draft", "zh": "草案"},
    "difference": {"en": "difference", "zh": "差异"},
    "sure": {"en": "95 % sure within", "zh": "95% 置信"},
    "days": {"en": "{days} virtual days, {contacts} contacts", "zh": "{days} 个虚拟日，{contacts} 次联络"},
    "service_level": {"en": "service level", "zh": "服务水平"},
    "asa_s": {"en": "mean wait (ASA)", "zh": "平均应答时间（ASA）"},
    "p50_s": {"en": "wait, half are below", "zh": "等待 P50"},
    "p90_s": {"en": "wait, 90 % are below", "zh": "等待 P90"},
    "abandon_rate": {"en": "abandoned", "zh": "放弃率"},
    "answered": {"en": "answered, a day", "zh": "日接通量"},
    "abandoned": {"en": "abandoned, a day", "zh": "日放弃量"},
    "left": {"en": "still waiting at the end", "zh": "日终仍在等待"},
    "occupancy": {"en": "occupancy", "zh": "坐席占用率"},
    "fairness": {"en": "fairness among agents (1 = equal)", "zh": "坐席间公平度（1 为均等）"},
    "agents": {"en": "agents", "zh": "坐席数"},
    "line": {"en": "queue and channel", "zh": "技能组与渠道"},
    "lines": {"en": "By queue", "zh": "按技能组"},
    "groups": {"en": "Who gains, who loses", "zh": "谁受益，谁受损"},
    "group": {"en": "customers", "zh": "客户群"},
    "count": {"en": "contacts", "zh": "联络数"},
    "gained": {"en": "better off", "zh": "受益"},
    "lost": {"en": "worse off", "zh": "受损"},
    "wait_change": {"en": "mean change of the wait", "zh": "等待平均变化"},
    "agents_title": {"en": "Occupancy of each agent", "zh": "各坐席占用率"},
    "day_title": {"en": "Service level through the day", "zh": "全天服务水平"},
    "waits_title": {"en": "Waits: half and 90 % of the customers are below", "zh": "等待时间：P50 与 P90"},
    "answer_better": {
        "en": "With the draft the service level goes from {live} to {draft} ({difference}).",
        "zh": "采用草案后，服务水平由 {live} 变为 {draft}（{difference}）。",
    },
    "answer_wait": {
        "en": "Customers wait {live} on average now, {draft} with the draft.",
        "zh": "客户平均等待由 {live} 变为 {draft}。",
    },
    "answer_unsure": {
        "en": "The difference in service level is within chance: more days would be needed to tell it from nought.",
        "zh": "服务水平的差异在随机波动范围内：需要推演更多天才能与零区分。",
    },
    "answer_groups": {
        "en": "{gained} contacts are better off, {lost} worse off.",
        "zh": "{gained} 次联络受益，{lost} 次受损。",
    },
    "points": {"en": "points", "zh": "个百分点"},
    "how": {
        "en": (
            "Both ways met the same customers, with the same patience and the same amount of work; the router is the real one. "
            "Handling times are log-normal, patience is exponential (Erlang A) where the scenario does not say otherwise."
        ),
        "zh": (
            "两种方案面对同样的客户、同样的耐心和同样的工作量；派单由真实的路由器完成。"
            "处理时间服从对数正态分布，耐心服从指数分布（Erlang A），除非场景另有说明。"
        ),
    },
}
"""Key → language → words."""


def word(key: str, language: str, **params: object) -> str:
    """Return the words of a key; the key itself where there are none."""
    found = WORDS.get(key)
    return key if found is None else found[language].format(**params)
