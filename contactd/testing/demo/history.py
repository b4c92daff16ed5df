"""The shop's past: colleagues, customers with their numbers and addresses, and what was said over the last four months.

This alone is written straight into the store, marked as imported: it is dated history, never in line.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from contactd.core.address import email, phone_point
from contactd.core.party import Point
from contactd.crm_store import agents, claims, parties
from contactd.crm_store import schema as s
from contactd.crm_store.agents import Abilities
from contactd.crm_store.message_rows import Saying, add_message
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.admin import Errand
from contactd.desk.passwords import Passwords
from contactd.testing.demo import assessments, business, knowledge, news, satisfaction, stays
from contactd.testing.demo.people import COLLEAGUES, PASSWORD, Customer
from contactd.testing.demo.talk import MATTERS, NOTES, Matter

DAYS = 120
A4_FINE = (864, 1140)  # pixels of a shown fax page: half of a fine G4 page
_FONTS = tuple(f"/usr/share/fonts/{kind}/noto/NotoSansCJK-Regular.ttc" for kind in ("opentype", "truetype"))
_WEIGHTS = (("email", 40), ("voice", 30), ("chat", 20), ("fax", 10))


async def write(errand: Errand, people: Iterable[Customer], seed: int) -> None:
    """Write colleagues, customers and their history into an empty store."""
    ids = await _colleagues(errand)
    page = await errand.store.blobs.store(
        fax_page("订货单 PURCHASE ORDER", ("正山小种礼盒 200", "白瓷盖碗 20", "Clay teapot 4"))
    )
    companies: dict[str, str] = {}
    for customer in people:
        past = _Past(errand, customer, Random(f"{seed}{customer.email}"), ids, page)
        await errand.store.write(partial(past.write, companies=companies))
    await knowledge.write(errand, ids)
    await satisfaction.write(errand, seed)
    await assessments.write(errand, ids, seed)
    await business.write(errand, ids, seed)
    await news.write(errand, ids)


async def _colleagues(errand: Errand) -> dict[str, str]:
    """Add the people who log in; return log-in name → id."""
    hashed = Passwords().hash(PASSWORD)
    now, ids = errand.clock.now(), {one.name: errand.idents.new() for one in COLLEAGUES}

    def unit(conn: WriteConn) -> None:
        for one in COLLEAGUES:
            values = {
                "display_name": one.display,
                "role": one.role,
                "languages": list(one.languages),
                "device": one.device,
                "password_hash": hashed,
            }
            agents.create(
                conn,
                ids[one.name],
                one.name,
                values,
                Abilities(skills=one.skills, lines=one.lines),
                now=now,
                actor=None,
            )

    await errand.store.write(unit)
    return ids


class _Past:
    """One customer's past."""

    def __init__(
        self, errand: Errand, customer: Customer, dice: Random, agents_by_name: Mapping[str, str], page: str
    ) -> None:
        self._errand = errand
        self._customer = customer
        self._dice = dice
        self._agents = agents_by_name
        self._page = page
        self._names = {agents_by_name[one.name]: one.display for one in COLLEAGUES}
        self._now = errand.clock.now()

    def write(self, conn: WriteConn, companies: dict[str, str]) -> None:
        """Write the customer, the company, and every contact there was."""
        party = self._party(conn)
        points = self._points(conn, party)
        company = self._company(conn, party, companies)
        for matter in self._dice.sample(MATTERS, self._dice.randrange(1, 7)):
            self._contact(conn, party, company, points, matter)

    def _party(self, conn: WriteConn) -> str:
        one = self._customer
        values = {
            "kind": "person",
            "display_name": one.name,
            "family_name": one.family,
            "given_name": one.given,
            "lang": one.language,
            "lifecycle": "customer",
            "vip": one.vip,
        }
        return parties.create(conn, self._errand.idents.new(), values, now=self._now, actor=None)

    def _points(self, conn: WriteConn, party: str) -> dict[str, tuple[str, Point]]:
        """Claim the customer's addresses; return channel → (contact point, its form)."""
        one = self._customer
        wanted = {
            "email": (email(one.email), "office" if one.company else "home"),
            "voice": (phone_point(one.mobile), "mobile"),
            "fax": (phone_point(one.fax, kind="fax") if one.fax else None, "office"),
        }
        found: dict[str, tuple[str, Point]] = {}
        for channel, (point, label) in wanted.items():
            if point is None:
                continue
            ident = claims.point_id(conn, self._errand.idents.new(), point, now=self._now)
            self._claim(conn, ident, party, label)
            found[channel] = (ident, point)
        found["chat"] = found["email"]
        return found

    def _claim(self, conn: WriteConn, point: str, party: str, label: str) -> None:
        claims.claim(
            conn,
            self._errand.idents.new(),
            point,
            party,
            level="asserted",
            source="import",
            now=self._now,
            label=label,
        )

    def _company(self, conn: WriteConn, party: str, companies: dict[str, str]) -> str | None:
        """Write the company once, with its switchboard, and link the customer to it."""
        one = self._customer
        if not one.company:
            return None
        if one.company not in companies:
            values = {"kind": "org", "display_name": one.company, "legal_name": one.company, "lifecycle": "customer"}
            companies[one.company] = parties.create(conn, self._errand.idents.new(), values, now=self._now, actor=None)
        organisation = companies[one.company]
        parties.link(conn, self._errand.idents.new(), party, organisation, role="works_for", now=self._now)
        office = phone_point(one.office)
        if office is not None:
            ident = claims.point_id(conn, self._errand.idents.new(), office, now=self._now)
            self._claim(conn, ident, organisation, "switchboard")
            self._claim(conn, ident, party, "office")
        return organisation

    def _contact(
        self,
        conn: WriteConn,
        party: str,
        company: str | None,
        points: dict[str, tuple[str, Point]],
        matter: Matter,
    ) -> None:
        dice = self._dice
        channel = dice.choices([name for name, _ in _WEIGHTS], [weight for _, weight in _WEIGHTS])[0]
        if channel not in points:
            channel = "voice"
        at = self._moment()
        agent = self._agents[dice.choice(COLLEAGUES[:4]).name]
        ident, thread = self._errand.idents.new(), self._errand.idents.new()
        point_id, point = points[channel]
        lost = channel == "voice" and dice.random() < 0.1  # noqa: PLR2004 - every tenth caller gave up
        row = self._row(channel, matter, at, lost=lost) | {
            "id": ident,
            "external_key": ident,
            "agent": None if lost else agent,
            "contact_point_id": point_id,
            "raw_from": point.display or point.raw,
            "party_id": party,
            "org_party_id": company,
            "thread_id": thread,
        }
        conn.execute(
            insert(s.thread).values(
                id=thread,
                channel=channel,
                subject=matter.subject[self._customer.language],
                line=matter.line,
                party_id=party,
                contact_point_id=point_id,
                last_agent=None if lost else agent,
                created_at=at,
                last_at=at,
            ),
        )
        conn.execute(insert(s.interaction).values(**row))
        stays.write(conn, row)
        if not lost:
            self._messages(conn, ident, thread, channel, matter, at, agent)

    def _moment(self) -> datetime:
        """Return a moment in the shop's opening hours (9 to 18 in Shanghai) of the last months."""
        day = self._now - timedelta(days=self._dice.randrange(1, DAYS))
        return day.replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(
            seconds=self._dice.randrange(9 * 3600)
        )

    def _row(self, channel: str, matter: Matter, at: datetime, *, lost: bool) -> dict[str, Any]:
        dice = self._dice
        live = channel in {"voice", "chat"}
        wait = dice.randrange(3, 90) if live else dice.randrange(300, 14400)
        talk = 0 if lost else dice.randrange(60, 600)
        return {
            "channel": channel,
            "direction": "inbound",
            "adapter": "import",
            "line": matter.line,
            "state": "abandoned" if lost else "closed",
            "state_since": at + timedelta(seconds=wait + talk),
            "outcome": "abandoned" if lost else "answered" if live else "handled",
            "ended_by": "customer" if lost or live else "agent",
            "from_name": self._customer.name,
            "resolve_state": "known",
            "subject": matter.subject[self._customer.language],
            "started_at": at,
            "queued_at": at,
            "answered_at": None if lost else at + timedelta(seconds=wait),
            "ended_at": at + timedelta(seconds=wait + talk),
            "wait_ms": wait * 1000,
            "talk_ms": talk * 1000,
            "disposition": None if lost else matter.disposition,
            "lang": self._customer.language,
            "created_at": at,
            "updated_at": at,
        }

    def _messages(
        self, conn: WriteConn, ident: str, thread: str, channel: str, matter: Matter, at: datetime, agent: str
    ) -> None:
        lang = self._customer.language
        if channel == "voice":
            self._say(conn, ident, thread, "internal", agent, self._dice.choice(NOTES[lang]), at)
            return
        self._say(
            conn,
            ident,
            thread,
            "inbound",
            self._customer.email,
            "" if channel == "fax" else matter.ask[lang],
            at,
            channel,
        )
        self._say(conn, ident, thread, "outbound", agent, matter.answer[lang], at + timedelta(minutes=4))
        if channel == "chat":
            self._say(
                conn, ident, thread, "inbound", self._customer.email, matter.more[lang], at + timedelta(minutes=5)
            )

    def _say(
        self,
        conn: WriteConn,
        ident: str,
        thread: str,
        direction: str,
        sender: str,
        text: str,
        at: datetime,
        channel: str = "",
    ) -> None:
        page = {
            "id": self._errand.idents.new(),
            "blob": self._page,
            "name": "page-1.png",
            "media_type": "image/png",
            "size": self._errand.store.blobs.path(self._page).stat().st_size,
            "page": 1,
            "inline": True,
            "content_id": None,
            "scan_state": "unscanned",
        }
        saying = Saying(
            id=self._errand.idents.new(),
            direction=direction,
            sender=sender,
            sender_name=self._customer.name if direction == "inbound" else self._names.get(sender, ""),
            subject="",
            text=text,
            html=None,
            html_blob=None,
            provider_id=None,
            client_id=None,
            delivery_state="sent" if direction == "outbound" else None,
            sent_at=at,
            recipients=(),
            headers={},
            attachments=(page,) if channel == "fax" else (),
        )
        add_message(conn, ident, thread, saying, at)


def fax_page(title: str, lines: Iterable[str], *, numbered: bool = True) -> bytes:
    """Draw a fax page as PNG: a list, or a letter."""
    image = Image.new("1", A4_FINE, 1)
    draw = ImageDraw.Draw(image)
    draw.text((70, 80), title, 0, font=_font(40))
    draw.line((70, 145, A4_FINE[0] - 70, 145), 0, 3)
    for n, line in enumerate(lines):
        draw.text((90, 190 + n * 60), f"{n + 1}.   {line}" if numbered else line, 0, font=_font(30))
    made = io.BytesIO()
    image.save(made, "PNG", optimize=True)
    return made.getvalue()


def _font(size: int) -> Any:
    """Return a font that has Chinese characters where the machine has one."""
    for path in _FONTS:
        try:
            return ImageFont.truetype(path, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
