"""The neutral words callers hear where a house has recorded none of its own, in Chinese and English, and the sounds they are under.

No sound is shipped: `contactd voice prompts` lets a speech program of the installation say these words (see `neutral_make`), or
lists them for somebody to read aloud.
"""

from __future__ import annotations

from contactd.channels.voice import speaking

LANGUAGES = ("zh", "en")
OWN: dict[str, tuple[str, str]] = {
    "welcome": ("您好，欢迎致电。", "Hello, and welcome."),
    "recorded": ("为保证服务质量，本次通话将被录音。", "This call is recorded for quality and training."),
    "closed": ("现在是非服务时间，请在工作时间再次来电。", "We are closed now. Please call again during our hours."),
    "busy": ("目前来电较多，请耐心等候。", "Many people are calling. Please wait; we will be with you soon."),
    "callback": ("如需我们稍后给您回电，请按 1。", "To be called back instead of waiting, press 1."),
    "no-callback": ("抱歉，无法回拨这个号码。", "Sorry, we cannot call this number back."),
    "called-back": ("我们会给您回电，再见。", "We will call you back. Goodbye."),
    "voicemail": ("请在提示音后留言，结束后挂机即可。", "Please leave a message after the tone, then hang up."),
    "goodbye": ("感谢来电，再见。", "Thank you for calling. Goodbye."),
    "invalid": ("输入有误，请重新输入。", "That was not valid. Please try again."),
    "how-was-it": ("请为本次服务打分，1 到 5 分，5 分最高。", "How was our service? Press 1 to 5; 5 is best."),
    "was-it-solved": (
        "您的问题解决了吗？已解决请按 1，未解决请按 0。",
        "Was your question settled? Press 1 for yes, 0 for no.",
    ),
    "thanks": ("感谢您的评价，再见。", "Thank you for your answer. Goodbye."),
    "order-number": ("请输入订单号，以井号键结束。", "Please enter your order number, then press hash."),
}
"""Name under `contactd/` → what is said: Chinese, English.  Nothing is promised that a house might not keep."""
_PBX_ZH = {
    "queue-youarenext": "下一位就是您。",
    "queue-thereare": "您目前排在第",
    "queue-callswaiting": "位。",
    "queue-holdtime": "预计等候时间",
    "queue-minute": "分钟。",
    "queue-minutes": "分钟。",
    "queue-thankyou": "感谢您的耐心等候。",
    "vm-goodbye": "再见。",
    "vm-intro": "请在提示音后留言。",
    "invalid": "输入有误，请重新输入。",
}
"""Asterisk's own sounds that contactd uses, which Asterisk has for English and seldom for Chinese."""
_AS_READ = {"上": "上午", "下": "下午", "厘": "分"}
"""Signs of `speaking` that stand for another word."""


def words(language: str) -> dict[str, str]:
    """Return sound (below the language's folder, without an ending) → what is said.

    English has its numbers and Asterisk's own sentences already; a Chinese set has to bring both.
    """
    if language == "zh":
        own = {f"contactd/{name}": chinese for name, (chinese, _) in OWN.items()}
        numbers = {sound: _AS_READ.get(word, word) for word, sound in speaking.zh_sounds().items()}
        return own | _PBX_ZH | numbers
    return {f"contactd/{name}": english for name, (_, english) in OWN.items()}
