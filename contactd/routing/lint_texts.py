"""The words of every finding, in Chinese and English: what is wrong, and the remedy."""

from __future__ import annotations

TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    "unreadable": {
        "en": ("{problem}", "write the value as config/contactd.toml shows it"),
        "zh": ("无法读取：{problem}", "请按 config/contactd.toml 中的写法填写"),
    },
    "rule_unreachable": {
        "en": ("can never match: {first} comes first", "move it before {first}, narrow that rule, or delete this one"),
        "zh": ("永远不会命中：{first} 总是先命中", "把本条移到 {first} 之前，或收窄那条规则，或删除本条"),
    },
    "text_one_language": {
        "en": ("is written in {told} only; customers of the other language read {told}", "add the text in {missing}"),
        "zh": ("只写了 {told}，使用另一种语言的客户看到的仍是 {told}", "请补写 {missing} 文本"),
    },
    "step_short": {
        "en": (
            "the step lasts {seconds} s, and an offer stands {offer} s: it is over before one agent has answered",
            "let the step last at least {offer} s",
        ),
        "zh": (
            "本步骤 {seconds} 秒，而一次振铃 {offer} 秒：坐席还没应答，步骤已经结束",
            "把步骤时长设为至少 {offer} 秒",
        ),
    },
    "greeting_missing": {
        "en": (
            "there is no greeting: who writes gets no word until an agent answers",
            "add greeting.zh and greeting.en",
        ),
        "zh": ("没有欢迎语：客户在坐席应答前收不到任何回应", "请填写 greeting.zh 和 greeting.en"),
    },
    "signature_missing": {
        "en": ("there is no signature: answers go out without a sender's name", "add signature.zh and signature.en"),
        "zh": ("没有签名：回复邮件没有落款", "请填写 signature.zh 和 signature.en"),
    },
    "dispositions_missing": {
        "en": ("the tree {tree!r} is empty: nobody can say what a contact was about", "add dispositions to the tree"),
        "zh": ("业务小结树 {tree!r} 为空：无法记录联络内容", "请在该树中添加业务小结"),
    },
    "disposition_demanded": {
        "en": (
            "wrap-up of {channel} demands a disposition, and there is none: no wrap-up would ever end",
            "add dispositions to the tree, or set wrapup.mode of {channel} to optional",
        ),
        "zh": (
            "{channel} 的话后处理必须填业务小结，却没有可选项：话后处理永远无法结束",
            "请添加业务小结，或把 {channel} 的 wrapup.mode 改为 optional",
        ),
    },
    "line_empty": {
        "en": ("nobody can serve it: no agent is in it", "put agents in it (contactd user add NAME --line …)"),
        "zh": ("没有人能服务：没有坐席属于本技能组", "请把坐席加入本技能组（contactd user add NAME --line …）"),
    },
    "line_unserved": {
        "en": (
            "nobody can serve it: no agent in it has the required skills ({skills})",
            "give an agent of the line these skills, or ask for less",
        ),
        "zh": (
            "没有人能服务：组内没有坐席具备要求的技能（{skills}）",
            "请给组内坐席加上这些技能，或降低要求",
        ),
    },
    "skill_nobody_has": {
        "en": (
            "nobody in the line has what the step prefers ({skills}): it never finds anyone",
            "give an agent of the line this skill, lower the level, or delete the step",
        ),
        "zh": (
            "组内没有人具备本步骤优先的技能（{skills}）：本步骤永远找不到人",
            "请给组内坐席加上该技能，或降低级别，或删除本步骤",
        ),
    },
    "rule_unserved": {
        "en": (
            "nobody in {line} has the skills this rule asks for ({skills}): what it takes in waits for ever",
            "give an agent of {line} these skills, or ask for less",
        ),
        "zh": (
            "{line} 中没有人具备本规则要求的技能（{skills}）：进来的联络会一直等待",
            "请给 {line} 的坐席加上这些技能，或降低要求",
        ),
    },
    "language_unspoken": {
        "en": (
            "nobody in {line} speaks {language}, which the line requires: what this rule takes in waits for ever",
            'add the language to an agent of {line}, or set language = "prefer" there',
        ),
        "zh": (
            "{line} 要求语言匹配，却没有人会 {language}：进来的联络会一直等待",
            '请给 {line} 的坐席加上该语言，或把 language 设为 "prefer"',
        ),
    },
    "no_device": {
        "en": (
            "nobody in {line} has a phone, and {channel} needs one: what this rule takes in waits for ever",
            "give an agent of {line} a device (contactd user add NAME --device …)",
        ),
        "zh": (
            "{channel} 需要话机，而 {line} 中没有人有话机：进来的联络会一直等待",
            "请给 {line} 的坐席配置话机（contactd user add NAME --device …）",
        ),
    },
    "capacity_never_fits": {
        "en": ("one item takes {units} units, and an agent has 100", "set it to a number from 1 to 100"),
        "zh": ("一件占用 {units} 单位，而坐席一共只有 100", "请设为 1 到 100 之间的数"),
    },
    "hours_missing": {
        "en": (
            "no hours are named: it counts as open day and night",
            'name a calendar (one with week = {{ mon-sun = ["00:00-24:00"] }} when it is always open)',
        ),
        "zh": (
            "没有营业时间：视为昼夜开放",
            '请指定日历（若确实全天开放，可用 week = {{ mon-sun = ["00:00-24:00"] }}）',
        ),
    },
    "hours_unserved": {
        "en": (
            "it is open at {weekday} {hours} and no shift of anybody who could serve it is on ({total} h of the week in all)",
            "shorten the calendar, or let a shift work then",
        ),
        "zh": (
            "{weekday} {hours} 开放，但没有可服务的班次在岗（每周共 {total} 小时）",
            "请缩短日历，或安排班次覆盖该时段",
        ),
    },
    "overflow_end_missing": {
        "en": (
            "a customer can wait for ever: no overflow rule ends the wait while the line is open",
            'add a rule that does: {{ when = "age", seconds = 600, action = "callback" }}',
        ),
        "zh": (
            "客户可能无限等待：开放时没有任何溢出规则结束等待",
            '请添加规则，如 {{ when = "age", seconds = 600, action = "callback" }}',
        ),
    },
    "overflow_loop": {
        "en": ("the rules lead in a circle: {lines}", "let one of these lines end in an action instead of a line"),
        "zh": ("溢出规则形成环路：{lines}", "请让其中一个技能组以动作结束，而不是转到其他技能组"),
    },
    "line_unknown": {
        "en": ("names the line {line!r}, which does not exist", "take the agent out of it, or add the line"),
        "zh": ("技能组 {line!r} 不存在", "请把坐席移出该组，或新建该技能组"),
    },
    "reserve_all": {
        "en": (
            "keeps {reserve} agents free of mail and the like, and only {members} are in it: none of them ever gets any",
            "reserve fewer than {members}, or put more agents in the line",
        ),
        "zh": (
            "预留 {reserve} 名坐席不接邮件等延时工作，而本组只有 {members} 名：谁也接不到",
            "把 reserve 设为小于 {members}，或增加本组坐席",
        ),
    },
    "spacing_long": {
        "en": (
            "an agent gets a hard contact every {spacing} s at most, and customers count as starved after {starve} s",
            "let hard_spacing_s be less than {starve}, or let customers wait longer (starve_s)",
        ),
        "zh": (
            "每名坐席至少间隔 {spacing} 秒才接下一件高压联络，而客户等待 {starve} 秒即视为久等",
            "把 hard_spacing_s 设为小于 {starve}，或调大 starve_s",
        ),
    },
    "rest_long": {
        "en": (
            "agents rest when busy for more than {most} % of their time: the whole floor would often rest at once",
            "set occupancy.most to 0.6 or more",
        ),
        "zh": ("坐席忙碌超过 {most} % 即强制休息：常常会全员同时休息", "把 occupancy.most 设为 0.6 以上"),
    },
    "repeat_strong": {
        "en": (
            "a letter of who came thrice gets {points} points, a caller on the line {live}: calls wait behind letters",
            "let three times repeat be less than {live}",
        ),
        "zh": (
            "第三次来联系的邮件加 {points} 分，而在线客户只有 {live} 分：来电会排在邮件之后",
            "把 repeat 的三倍设为小于 {live}",
        ),
    },
    "break_never": {
        "en": (
            "is granted while the service level is {level} % or more: on an ordinary day, never",
            "set min_service to 0.9 or less, or let a supervisor approve (approval)",
        ),
        "zh": (
            "服务水平不低于 {level} % 才准许：平常的日子里永远不会准许",
            "把 min_service 设为 0.9 以下，或改为班长批准（approval）",
        ),
    },
}
"""Kind → language → (what is wrong, what to do about it)."""

WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
