"""What customers and agents of the tea shop say, in Chinese and English, by matter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One thing customers get in touch about."""

    line: str
    disposition: str
    subject: dict[str, str]
    ask: dict[str, str]
    answer: dict[str, str]
    more: dict[str, str]


MATTERS = (
    Matter(
        line="support",
        disposition="order",
        subject={
            "zh": "订单什么时候发货？",
            "en": "When will my order be shipped?",
        },
        ask={
            "zh": "您好，我上周三订的紫砂壶套装（订单号 SC-20261118）到现在还没有发货，麻烦帮我查一下。",
            "en": "Hello, the teapot set I ordered last Wednesday (SC-20261118) has not been shipped yet. Could you check?",
        },
        answer={
            "zh": "您好，已为您查到：该订单今天下午从福州仓发出，预计周五送达，单号稍后短信告知您。",
            "en": "It leaves our warehouse this afternoon and should be with you on Friday; the tracking number follows.",
        },
        more={
            "zh": "好的，谢谢！周五下午家里有人。",
            "en": "Thank you! Friday afternoon somebody is at home.",
        },
    ),
    Matter(
        line="billing",
        disposition="billing",
        subject={
            "zh": "发票抬头需要修改",
            "en": "The invoice names the wrong company",
        },
        ask={
            "zh": "贵司开具的发票抬头少了“集团”二字，财务无法入账，请重开一张增值税专用发票。",
            "en": "Invoice SC-0917 names the wrong company. Could you issue it again with the correct name?",
        },
        answer={
            "zh": "已为您作废原发票并重新开具，电子版两个工作日内发送到您的邮箱。",
            "en": "We have cancelled it; the new invoice will be in your mailbox within two working days.",
        },
        more={
            "zh": "收到，辛苦了。",
            "en": "Received, thanks.",
        },
    ),
    Matter(
        line="sales",
        disposition="product",
        subject={
            "zh": "中秋礼盒团购报价",
            "en": "Quote for 200 gift boxes",
        },
        ask={
            "zh": "公司要订 200 份正山小种礼盒送客户，想问一下团购价格、能否印公司标识，以及最晚什么时候下单。",
            "en": "We need 200 Lapsang gift boxes for clients. What is the price, can our logo be printed, and when must we order?",
        },
        answer={
            "zh": "200 份按八八折报价，可以烫印标识，打样三天。报价单和样品照片已经发给您。",
            "en": "From 200 boxes we quote twelve percent off, logo included; a sample takes three days. The quote is attached.",
        },
        more={
            "zh": "价格可以，麻烦先打个样。",
            "en": "The price is fine, please make the sample first.",
        },
    ),
    Matter(
        line="support",
        disposition="quality",
        subject={
            "zh": "投诉：盖碗收到时已经碎了",
            "en": "Complaint: the gaiwan arrived broken",
        },
        ask={
            "zh": "昨天收到的德化白瓷盖碗，打开包装盖子就碎成两半，照片在附件里，请尽快补发。",
            "en": "The white gaiwan came yesterday with its lid in two pieces. Please send a new one soon.",
        },
        answer={
            "zh": "非常抱歉给您带来不便，新的盖碗今天用顺丰补发，破损的不用寄回。",
            "en": "We are very sorry. A new one leaves today by express; there is no need to return the broken one.",
        },
        more={
            "zh": "希望这次包装结实一点。",
            "en": "I hope it is packed better this time.",
        },
    ),
    Matter(
        line="support",
        disposition="solved",
        subject={
            "zh": "紫砂壶第一次用怎么开壶？",
            "en": "How do I season a new clay teapot?",
        },
        ask={
            "zh": "刚买的朱泥小壶，网上说要用豆腐煮，是不是真的？怕弄坏了。",
            "en": "I just bought the small clay teapot. Some say it should be boiled with tofu. Is that true?",
        },
        answer={
            "zh": "不用豆腐。清水煮十分钟，再放一把茶叶小火煮二十分钟，自然放凉即可。",
            "en": "No tofu needed: ten minutes in plain water, then twenty with a handful of tea leaves, and let it cool.",
        },
        more={
            "zh": "好了，壶很漂亮，谢谢！",
            "en": "Done, it is lovely. Thank you!",
        },
    ),
    Matter(
        line="sales",
        disposition="product",
        subject={
            "zh": "普洱饼的年份和仓储",
            "en": "Year and storage of the pu'er cake",
        },
        ask={
            "zh": "想买两饼勐海古树普洱收藏，请问是哪一年的、干仓还是湿仓，有没有检测报告？",
            "en": "I would like two Menghai cakes to keep. Which year are they, how were they stored, and is there a test report?",
        },
        answer={
            "zh": "是 2021 年春茶，昆明干仓，农残检测报告发到您邮箱了。",
            "en": "Spring 2021, stored dry in Kunming. The residue report is in your mailbox.",
        },
        more={
            "zh": "报告看到了，我下单两饼。",
            "en": "I have read it and ordered two.",
        },
    ),
    Matter(
        line="billing",
        disposition="billing",
        subject={
            "zh": "退款还没有到账",
            "en": "The refund has not arrived",
        },
        ask={
            "zh": "11 月 10 日退的茶盘，系统显示已退款，但是银行卡一直没有收到，金额 560 元。",
            "en": "I returned the tea tray on 10 November. It says refunded, but the 560 yuan are not on my card.",
        },
        answer={
            "zh": "财务查到银行处理中，最晚后天到账；如未到账我们会电话联系您。",
            "en": "The bank is still working on it: the day after tomorrow at the latest. We will call if it is not there.",
        },
        more={
            "zh": "好，那我再等两天。",
            "en": "All right, I will wait two more days.",
        },
    ),
    Matter(
        line="support",
        disposition="follow_up",
        subject={
            "zh": "更改收货地址",
            "en": "Change of the delivery address",
        },
        ask={
            "zh": "订单 SC-20261120 还没发货的话，请改寄到公司前台，家里这几天没人。",
            "en": "If SC-20261120 has not left yet, please send it to my office: nobody is at home this week.",
        },
        answer={
            "zh": "地址已经改好，明天发出，快递会先联系您。",
            "en": "The address is changed; it leaves tomorrow and the courier will call you first.",
        },
        more={
            "zh": "谢谢，改得真快。",
            "en": "Thanks, that was quick.",
        },
    ),
)

NOTES = {
    "zh": ("客户要求周末送货", "已核对订单号与收货地址", "客户语气着急，优先处理"),
    "en": ("Wants delivery at the weekend", "Order number and address checked", "Sounded worried: handle first"),
}
