"""What customers and agents of the furniture shop say, in Chinese and English, by matter."""

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
        subject={"zh": "订单什么时候发货？", "en": "When will my order be shipped?"},
        ask={
            "zh": "您好，我上周三订的餐桌（订单号 SO-20261118）到现在还没有发货，麻烦帮我查一下。",
            "en": "Hello, the dining table I ordered last Wednesday (SO-20261118) has not been shipped. Could you check?",
        },
        answer={
            "zh": "您好，已为您查到：该订单明天上午从仓库发出，预计周五送达，届时司机会提前电话联系。",
            "en": "It leaves the warehouse tomorrow morning and should be with you on Friday; the driver will call first.",
        },
        more={"zh": "好的，谢谢！周五下午家里有人。", "en": "Thank you! Friday afternoon somebody is at home."},
    ),
    Matter(
        line="billing",
        disposition="billing",
        subject={"zh": "发票抬头需要修改", "en": "The invoice names the wrong company"},
        ask={
            "zh": "贵司开具的发票抬头少了“集团”二字，财务无法入账，请重开一张增值税专用发票。",
            "en": "Invoice INV-2024-0917 names the wrong company. Could you issue it again with the correct name?",
        },
        answer={
            "zh": "已为您作废原发票并重新开具，电子版两个工作日内发送到您的邮箱。",
            "en": "We have cancelled it; the new invoice will be in your mailbox within two working days.",
        },
        more={"zh": "收到，辛苦了。", "en": "Received, thanks."},
    ),
    Matter(
        line="sales",
        disposition="product",
        subject={"zh": "咨询实木沙发尺寸与价格", "en": "Size and price of the oak sofa"},
        ask={
            "zh": "请问三人位橡木沙发最大深度是多少？客厅比较窄，另外批量 20 套有没有优惠？",
            "en": "How deep is the three-seat oak sofa? Our lobby is narrow. Is there a discount for twenty of them?",
        },
        answer={
            "zh": "三人位深度 88 厘米，20 套以上可按九折报价，我把规格书和报价单发给您。",
            "en": "It is 88 cm deep. From twenty pieces we quote ten percent off; I am sending you the data sheet.",
        },
        more={"zh": "可以，麻烦再附上面料色卡。", "en": "Good, please add the fabric samples."},
    ),
    Matter(
        line="support",
        disposition="quality",
        subject={"zh": "投诉：衣柜门板开裂", "en": "Complaint: the wardrobe door is cracked"},
        ask={
            "zh": "刚装好三天的衣柜，左侧门板就裂了一道缝，请尽快安排更换，否则要求退货。",
            "en": "The wardrobe was installed three days ago and the left door is cracked. Please replace it soon.",
        },
        answer={
            "zh": "非常抱歉给您带来不便，师傅周六上午 10 点上门更换门板，全程免费。",
            "en": "We are very sorry. A technician will replace the door on Saturday at ten, free of charge.",
        },
        more={"zh": "希望这次能一次解决。", "en": "I hope this settles it."},
    ),
    Matter(
        line="support",
        disposition="solved",
        subject={"zh": "升降书桌无法抬高", "en": "The standing desk does not rise"},
        ask={
            "zh": "升降桌按上升键没有反应，显示 E07，怎么处理？",
            "en": "The standing desk does not move up and shows E07. What can I do?",
        },
        answer={
            "zh": "请同时按住下降键 8 秒复位，屏幕显示 ASR 后松开即可恢复。",
            "en": "Hold the down key for eight seconds until it shows ASR, then release it.",
        },
        more={"zh": "好了，可以用了，谢谢！", "en": "That worked, thank you!"},
    ),
)

NOTES = {
    "zh": ("客户要求周末送货", "已核对订单号与收货地址", "客户语气着急，优先处理"),
    "en": ("Wants delivery at the weekend", "Order number and address checked", "Sounded worried: handle first"),
}
