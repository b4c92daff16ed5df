"""What agents write: drafts with one writer, answers that refuse what was not seen, signatures, quotes, passing on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contactd.channels.email import EmailChannel
from contactd.channels.email import build as build_mail
from contactd.channels.email.parse import ParsedMail, parse
from contactd.clock import rfc3339
from contactd.core.channel import Delivery
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.crm_store import messages, unseen_rows
from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.desk.pictures import EACH
from contactd.desk.rights import Actor
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench
from tests.desk.test_outbox import taken

POLICY = {
    "lines": {
        "support": {
            "label": {"zh": "售后", "en": "Support"},
            "signature": {"zh": "{agent_name}\n山茶器物 {line}", "en": "{agent_name}, {line}"},
            "from_address": "support@example.com",
            "from_addresses": ["returns@example.com"],
        },
    },
}


@pytest.fixture
async def signing(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Bench]:
    """A desk whose line has a signature, and whose mails are composed by the real channel."""
    made = await open_bench(store, clock, tmp_path, POLICY)
    real: EmailChannel = build_mail("email", {"smtp": {"port": 0}}, made.mail.tools)
    made.mail.compose = real.compose  # type: ignore[method-assign]
    yield made
    await made.office.close()


async def said(bench: Bench, actor: Actor, interaction: str, text: str = "您好", **more: Any) -> ParsedMail:
    """Send an answer; return the mail that left."""
    before = len(bench.mail.delivered)
    await bench.run(actor, "interaction.send", interaction=interaction, text=text, **more)
    await bench.until(lambda: len(bench.mail.delivered) > before, "the delivery")
    return parse(bench.mail.delivered[-1].payload)


async def at_work(bench: Bench, name: str = "ann") -> tuple[Actor, str]:
    actor = await bench.agent(name)
    await bench.ready(actor)
    return actor, await taken(bench, actor, "li@example.cn", f"k-{name}")


async def save(bench: Bench, actor: Actor, interaction: str, text: str, version: int, **more: Any) -> int:
    given = {"editor": "window-1", **more}
    done = await bench.run(actor, "draft.save", interaction=interaction, body={"text": text}, version=version, **given)
    return int(done["version"])


async def test_a_draft_is_kept_and_goes_with_the_contact(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    bob = await bench.agent("bob")
    await bench.ready(bob)
    assert (await bench.run(ann, "draft.read", interaction=interaction))["draft"] is None
    assert await save(bench, ann, interaction, "Dear", 0) == 1
    assert await save(bench, ann, interaction, "Dear Li", 1) == 2
    with pytest.raises(ForbiddenError):
        await bench.run(bob, "draft.read", interaction=interaction)
    await bench.run(ann, "interaction.transfer", interaction=interaction, to_agent=bob.id)
    (offer,) = await bench.until(lambda: bench.offers_of(bob), "the offer")
    await bench.run(bob, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    found = (await bench.run(bob, "draft.read", interaction=interaction))["draft"]
    assert (found["body"]["text"], found["version"], found["name"]) == ("Dear Li", 2, "Ann")
    with pytest.raises(ForbiddenError):
        await save(bench, ann, interaction, "mine", 2)


async def test_a_draft_has_one_writer_until_it_falls_silent_or_is_taken_over(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    assert await save(bench, ann, interaction, "one", 0) == 1
    with pytest.raises(ConflictError) as refused:
        await save(bench, ann, interaction, "two", 1, editor="window-2")
    assert (refused.value.code, str(refused.value)) == ("locked", "Ann")
    assert await save(bench, ann, interaction, "two", 1, editor="window-2", take=True) == 2
    with pytest.raises(ConflictError) as refused:
        await save(bench, ann, interaction, "three", 1)
    assert refused.value.code == "locked"
    bench.clock.advance(61)
    with pytest.raises(ConflictError) as refused:
        await save(bench, ann, interaction, "three", 1)
    assert refused.value.code == "draft_newer"
    assert await save(bench, ann, interaction, "three", 2) == 3


async def test_earlier_versions_are_kept_apart_and_when_words_were_lost(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    version = await save(bench, ann, interaction, "a", 0)
    for n in range(40):
        bench.clock.advance(31)
        version = await save(bench, ann, interaction, "a" * (n + 2), version)
    await save(bench, ann, interaction, "", version)
    found = (await bench.run(ann, "draft.versions", interaction=interaction))["versions"]
    assert len(found) == 20
    assert found[0]["body"]["text"] == "a" * 41
    assert found[0]["name"] == "Ann"


async def test_what_was_sent_is_no_draft_any_more(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    await save(bench, ann, interaction, "one", 0)
    await bench.run(ann, "interaction.send", interaction=interaction, text="one")
    assert (await bench.run(ann, "draft.read", interaction=interaction))["draft"] is None
    await save(bench, ann, interaction, "two", 0)
    await bench.run(ann, "draft.drop", interaction=interaction)
    assert (await bench.run(ann, "draft.read", interaction=interaction))["draft"] is None


async def newest(bench: Bench, interaction: str) -> str:
    shown = await bench.store.read(lambda conn: messages.of_interaction(conn, interaction))
    return str(shown[-1]["at"])


async def test_an_answer_is_refused_while_the_customers_newer_mail_is_unseen(bench: Bench) -> None:
    bench.mail.answer = Delivery(status="sent")
    ann = await bench.agent("ann")
    await bench.ready(ann)
    receipt = await bench.mail_in("li@example.cn|S|T", "k1", id="<a@x>")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    seen = await newest(bench, receipt.interaction)
    bench.clock.advance(5)
    again = await bench.mail_in("li@example.cn|S|Forget it", "k2", id="<b@x>", references=["<a@x>"])
    await bench.until(lambda: bench.office.desk.entry(receipt.interaction).unread, "the second mail")
    assert again.interaction != ""
    answer = {"interaction": receipt.interaction, "text": "Tomorrow."}
    with pytest.raises(ConflictError) as refused:
        await bench.run(ann, "interaction.send", **answer, seen=seen)
    assert (refused.value.code, bench.mail.delivered) == ("unseen", [])
    moment = bench.clock.now() - timedelta(seconds=5)
    (shown,) = await bench.store.read(lambda conn: unseen_rows.newer(conn, receipt.interaction, ann.id, moment))
    assert shown["text"] == "Forget it"
    await bench.run(ann, "interaction.send", **answer, seen=shown["at"])
    await bench.until(lambda: bench.mail.delivered, "the delivery")


async def test_an_answer_is_refused_while_a_colleagues_is_unseen_but_not_for_ones_own_or_one_taken_back(
    bench: Bench,
) -> None:
    ann, interaction = await at_work(bench)
    bob = await bench.agent("bob")
    seen = await newest(bench, interaction)
    bench.clock.advance(1)
    await bench.run(ann, "interaction.send", interaction=interaction, text="mine")
    bench.clock.advance(1)
    await bench.run(ann, "interaction.send", interaction=interaction, text="mine, too", seen=seen)
    # A colleague's: as if bob had had the contact meanwhile.
    bench.clock.advance(1)
    sent = await bench.run(ann, "interaction.send", interaction=interaction, text="theirs", undo_s=60)
    theirs = s.outbox.c.message_id == sent["message"]["id"]
    await bench.store.write(lambda conn: conn.execute(s.outbox.update().where(theirs).values(agent=bob.id)))
    with pytest.raises(ConflictError) as refused:
        await bench.run(ann, "interaction.send", interaction=interaction, text="x", seen=seen)
    assert refused.value.code == "unseen"
    await bench.run(bob, "outbox.cancel", message=sent["message"]["id"])
    await bench.run(ann, "interaction.send", interaction=interaction, text="x", seen=seen)


async def test_a_letter_has_its_lines_signature_in_its_own_language(signing: Bench) -> None:
    ann, interaction = await at_work(signing)
    mail = await said(signing, ann, interaction, "您好，已发货。")
    assert (mail.text or "").rstrip() == "您好，已发货。\n\n-- \nAnn\n山茶器物 售后"
    mail = await said(signing, ann, interaction, "It is on its way.", html="<p>It is on its <b>way</b>.</p>")
    assert (mail.text or "").rstrip().endswith("-- \nAnn, Support")
    assert "<b>way</b>" in (mail.html or "")
    assert "Ann, Support" in (mail.html or "")
    mail = await said(signing, ann, interaction, "Plain.", signature=False)
    assert (mail.text or "").rstrip() == "Plain."
    shown = await signing.store.read(lambda conn: messages.of_interaction(conn, interaction))
    assert shown[1]["text"] == "您好，已发货。\n\n-- \nAnn\n山茶器物 售后"


@pytest.mark.parametrize(("text", "html"), [("您好，已发货。", None), ("On its way.", "<p>On its <b>way</b>.</p>")])
async def test_what_is_taken_back_comes_back_without_the_signature(signing: Bench, text: str, html: str | None) -> None:
    ann, interaction = await at_work(signing)
    more = {"html": html} if html else {}
    sent = await signing.run(ann, "interaction.send", interaction=interaction, text=text, undo_s=5, **more)
    assert "-- \nAnn" in sent["message"]["text"]
    back = await signing.run(ann, "outbox.cancel", message=sent["message"]["id"])
    assert (back["content"]["text"], back["content"]["html"]) == (text, html)


async def test_what_is_answered_stands_below_where_that_was_asked_for(signing: Bench) -> None:
    ann, interaction = await at_work(signing)
    mail = await said(signing, ann, interaction, "Yes.", quote=True, signature=False)
    lines = (mail.text or "").rstrip().splitlines()
    assert lines[0] == "Yes."
    assert lines[2].endswith("li@example.cn wrote:")
    assert lines[3] == "> T"
    assert "T</blockquote>" in (mail.html or "")


async def test_copies_go_where_they_are_asked_for_and_blind_ones_show_nowhere(signing: Bench) -> None:
    ann, interaction = await at_work(signing)
    more = {"cc": ["boss@example.cn"], "bcc": ["archive@example.org"]}
    mail = await said(signing, ann, interaction, **more)
    (sent,) = signing.mail.delivered
    assert sent.meta["rcpt"] == ["li@example.cn", "boss@example.cn", "archive@example.org"]
    assert [address for _, address in mail.cc] == ["boss@example.cn"]
    assert b"archive@example.org" not in sent.payload


async def test_html_that_leaves_is_what_a_letter_needs(signing: Bench) -> None:
    ann, interaction = await at_work(signing)
    bad = (
        '<p onclick="x()">Hi<script>alert(1)</script><img src="https://spy.example/p.gif">'
        '<a href="javascript:alert(1)">a</a><a href="https://ok.example/">b</a><iframe src="//x"></iframe></p>'
    )
    mail = await said(signing, ann, interaction, "Hi", html=bad, signature=False)
    html = mail.html or ""
    assert 'href="https://ok.example/"' in html
    for word in ("script", "alert", "onclick", "spy.example", "iframe", "javascript"):
        assert word not in html


async def test_a_message_is_passed_on_to_a_third_party_with_its_files(signing: Bench) -> None:
    bench = signing
    ann, interaction = await at_work(bench)
    (first,) = await bench.store.read(lambda conn: messages.of_interaction(conn, interaction))
    row = {"id": "att-1", "message_id": first["id"], "interaction_id": interaction, "n": 0, "size": 3}
    row |= {"blob": await bench.store.blobs.store(b"abc"), "name": "单据.pdf", "media_type": "application/pdf"}
    await bench.store.write(lambda conn: conn.execute(s.attachment.insert().values(**row, at=bench.clock.now())))
    entry = bench.office.desk.entry(interaction)
    with pytest.raises(BadRequestError) as refused:
        await said(bench, ann, interaction, "请处理", forward=first["id"])
    assert (refused.value.code, refused.value.field) == ("no_recipient", "to")
    mail = await said(bench, ann, interaction, "请处理", forward=first["id"], to=["factory@example.org"])
    assert (mail.subject, mail.to) == ("转发：S", (("", "factory@example.org"),))
    assert mail.references == ()
    assert [(file.filename, file.data) for file in mail.attachments] == [("单据.pdf", b"abc")]
    body = mail.text or ""
    assert body.index("请处理") < body.index("转发的邮件") < body.index("li@example.cn") < body.rindex("T")
    # The customer has not been answered by it.
    assert entry.answered_at is None
    with pytest.raises(NotFoundError):
        await said(bench, ann, interaction, "x", forward="other", to=["factory@example.org"])


async def test_a_moment_that_is_none_is_no_excuse(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    later = rfc3339(bench.clock.now() + timedelta(hours=1))
    sent = await bench.run(ann, "interaction.send", interaction=interaction, text="x", seen=later)
    assert sent["message"]["text"] == "x"


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


async def brought(bench: Bench, actor: Actor, ident: str, data: bytes) -> None:
    """Let somebody have uploaded a file."""
    blob, now = await bench.store.blobs.store(data), bench.clock.now()
    values = {"id": ident, "owner": actor.id, "blob": blob, "name": "shot.png", "media_type": "text/html"}
    times = {"size": len(data), "created_at": now, "expires_at": now + timedelta(hours=1)}
    await bench.store.write(lambda conn: conn.execute(s.upload.insert().values(**values, **times)))


async def test_a_picture_within_a_letter_goes_with_it_and_comes_back_when_it_is_taken_back(signing: Bench) -> None:
    ann, interaction = await at_work(signing)
    await brought(signing, ann, "up1", PNG)
    html = '<p>see <img src="cid:up1@inline"><img src="cid:other@inline"><img src="https://x.example/p.png"></p>'
    written = {"interaction": interaction, "text": "see", "html": html, "attachments": ["up1"]}
    sent = await signing.run(ann, "interaction.send", **written, undo_s=30)
    back = (await signing.run(ann, "outbox.cancel", message=sent["message"]["id"]))["content"]
    (file,) = back["files"]
    assert file["inline"]
    assert f'<img src="cid:{file["id"]}@inline">' in back["html"]
    mail = await said(signing, ann, interaction, "see", html=back["html"], attachments=[file["id"]])
    (picture,) = mail.attachments
    assert (picture.content_type, picture.data, picture.inline) == ("image/png", PNG, True)
    assert f"cid:{picture.content_id}" in (mail.html or "")
    assert "x.example" not in (mail.html or "")
    assert "other@inline" not in (mail.html or "")


@pytest.mark.parametrize(("data", "code"), [(b"<svg onload=x>", "not_a_picture"), (PNG + b"0" * EACH, "too_large")])
async def test_what_is_no_picture_or_too_large_does_not_stand_in_a_letter(bench: Bench, data: bytes, code: str) -> None:
    ann, interaction = await at_work(bench)
    await brought(bench, ann, "up1", data)
    with pytest.raises(BadRequestError) as refused:
        await bench.run(
            ann,
            "interaction.send",
            interaction=interaction,
            text="x",
            html='<img src="cid:up1@inline">',
            attachments=["up1"],
        )
    assert refused.value.code == code


async def test_a_masked_address_means_whom_the_answer_goes_to_and_nobody_else(signing: Bench) -> None:
    ann, interaction = await at_work(signing)
    mail = await said(signing, ann, interaction, to=["l****@example.cn"], cc=["boss@example.com"])
    assert ([one for _, one in mail.to], [one for _, one in mail.cc]) == (["li@example.cn"], ["boss@example.com"])
    for where in ("to", "cc", "bcc"):
        with pytest.raises(BadRequestError) as refused:
            await signing.run(
                ann, "interaction.send", interaction=interaction, text="x", **{where: ["w****@example.cn"]}
            )
        assert (refused.value.code, refused.value.field) == ("masked", where)


async def test_an_answer_comes_from_where_the_customer_wrote_or_the_agent_chose(signing: Bench) -> None:
    ann, interaction = await at_work(signing)
    assert (await said(signing, ann, interaction)).from_address == "support@example.com"
    assert (await said(signing, ann, interaction, sender="Returns@example.com")).from_address == "returns@example.com"
    with pytest.raises(BadRequestError) as refused:
        await signing.run(ann, "interaction.send", interaction=interaction, text="x", sender="boss@example.com")
    assert (refused.value.code, refused.value.field) == ("unknown_sender", "sender")
    sent = await signing.run(
        ann, "interaction.send", interaction=interaction, text="y", sender="returns@example.com", undo_s=30
    )
    back = (await signing.run(ann, "outbox.cancel", message=sent["message"]["id"]))["content"]
    assert back["sender"] == "returns@example.com", "a letter that is taken back comes from where it was to come from"
    await signing.run(ann, "interaction.complete", interaction=interaction)
    other = await taken(signing, ann, "bo@example.cn", "k-2", to="returns@example.com")
    assert (await said(signing, ann, other)).from_address == "returns@example.com"
