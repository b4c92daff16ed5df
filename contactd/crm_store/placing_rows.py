"""The unit of placing: what came in and was understood is put in line, or joined to the conversation it belongs to.

It may run twice; every id it needs is made before, so that a second run writes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contactd.core.interaction import ResolveState, State
from contactd.core.menus import EVENT as MENU
from contactd.core.party import Resolution
from contactd.crm_store import automatic_rows, blocked_rows, case_fields, contact_case_rows, letting_in, participants
from contactd.crm_store.conversation_rows import Talk, conversation
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.joining_rows import join
from contactd.crm_store.later import Later
from contactd.crm_store.message_rows import Saying
from contactd.crm_store.placing import JOINABLE, TURNS, Placed, Placing
from contactd.crm_store.sender_rows import DOUBTED, only_candidates, who
from contactd.crm_store.turn_rows import begin_thread, enter, file
from contactd.crm_store.write_conn import WriteConn


def place_all(conn: WriteConn, news: Sequence[Placing]) -> list[Placed]:
    """Place several in one unit, in order: they stand or fall together.

    Raises:
        ConflictError: one of them was placed or put away before: nothing is said, or put in line, twice.
    """
    later = Later(conn)
    blocks = blocked_rows.any_blocked(conn)
    placed = [_place(conn, later, new, blocks=blocks) for new in news]
    later.flush()
    return [_open_case(conn, new, one) for new, one in zip(news, placed, strict=True)]


def _open_case(conn: WriteConn, new: Placing, placed: Placed) -> Placed:
    """Open a case from a new turn where a rule of the policy says so, and its conversation has none."""
    if not new.opens or placed.joined or placed.case_id is not None or placed.state == State.CLOSED:
        return placed
    rule = letting_in.opening(conn, new.opens, placed.resolution.party, new.at)
    if rule is None:
        return placed
    said = next((one.text for one in new.sayings if one.text), "")
    subject = new.subject or said.strip().partition("\n")[0] or new.content.sender_name
    made = contact_case_rows.open_from(
        conn,
        placed.interaction,
        {"subject": subject[: case_fields.LONGEST], **rule.values()},
        ids=(new.new_ids["case"], new.new_ids["party"], new.new_ids["claim"]),
        plan=new.plan,
        now=new.at,
        actor=None,
    )
    return replace(placed, case_id=made["id"])


def place(conn: WriteConn, new: Placing) -> Placed:
    """Resolve the sender, find the conversation, and put the item in line, or join it to the open turn.

    Raises:
        ConflictError: as `place_all`.
    """
    return place_all(conn, [new])[0]


def _place(conn: WriteConn, later: Later, new: Placing, *, blocks: bool) -> Placed:
    """Place one; `blocks`: there is anybody who was blocked."""
    content = new.content
    point_id, resolution = _whose(conn, later, new)
    _note_way(conn, new)
    if content.claimed_sender or content.doubted is not None:
        resolution = only_candidates(resolution)
        add_event(conn, new.interaction, new.at, DOUBTED, None, {})
    if content.thread_token is not None or content.references:
        # The conversation may be one that began in this unit.
        later.flush()
    talk = conversation(conn, new, point_id)
    # What an outside system routes it gives to somebody all the same: hiding it here would only make the picture untrue.
    sender = content.sender if blocks and new.routed_by != "pbx" else None
    if sender is not None and blocked_rows.is_blocked(conn, sender, new.at):
        away = automatic_rows.Course(way="file", talk=Talk(new.new_ids["thread"]))
        placed = _follow(conn, later, new, away, point_id, resolution)
        later.change(blocked_rows.JUNK, b_id=new.interaction)
        return placed
    if content.auto_kind is not None:
        course = automatic_rows.course(conn, new, talk)
        if course is not None:
            return _follow(conn, later, new, course, point_id, resolution)
    thread = talk.thread
    if talk.unverified:
        new = replace(new, sayings=tuple(map(_unverified, new.sayings)))
        resolution = only_candidates(resolution)
    turns = conn.all(TURNS, thread=talk.claimed or thread, own=new.interaction) if talk.known or talk.claimed else []
    open_turn = next((turn for turn in turns if turn.state in JOINABLE), None) if talk.known else None
    if open_turn is not None and new.may_join:
        return join(conn, later, new, open_turn, resolution, thread, wakes=True)
    if turns and talk.known and new.reopens is not None and new.at - turns[0].state_since > new.reopens:
        # Too long ago to be the same matter: another conversation, which names the old one.
        talk = Talk(new.new_ids["thread"])
        thread = talk.thread
    if not talk.known:
        begin_thread(later, new, thread, point_id, resolution)
    return enter(conn, later, new, talk, point_id, resolution, turns[0] if turns else None)


def _note_way(conn: WriteConn, new: Placing) -> None:
    """Keep how a caller came through menus."""
    if new.content.way:
        add_event(conn, new.interaction, new.at, MENU, None, {"steps": [step.as_json() for step in new.content.way]})


def _whose(conn: WriteConn, later: Later, new: Placing) -> tuple[str | None, Resolution]:
    """Resolve the sender; what the house made itself says whom it is about."""
    if new.content.about_party is not None:
        return None, Resolution(state=ResolveState.KNOWN, party=new.content.about_party)
    return who(conn, later, new.content.sender, new.new_ids["point"], new.at)


def _follow(
    conn: WriteConn,
    later: Later,
    new: Placing,
    course: automatic_rows.Course,
    point_id: str | None,
    resolution: Resolution,
) -> Placed:
    """Do with an automatic item what was decided; its conversation stays its customer's, not the machine's."""
    talk, turn = course.talk, course.turn
    if course.way == "join":
        placed = join(conn, later, new, turn, resolution, talk.thread, wakes=course.wakes)
    elif course.way == "enter":
        if turn is not None:
            point_id = turn.contact_point_id
            resolution = Resolution(state=ResolveState(turn.resolve_state), party=turn.party_id)
        if not talk.known:
            begin_thread(later, new, talk.thread, point_id, resolution)
        placed = enter(conn, later, new, talk, point_id, resolution, turn)
    else:
        if not talk.known:
            begin_thread(later, new, talk.thread, point_id, resolution)
        placed = file(conn, later, new, talk, point_id, resolution)
    return replace(placed, reported=course.reported)


def _unverified(saying: Saying) -> Saying:
    return replace(saying, headers={**saying.headers, participants.MARK: "1"})
