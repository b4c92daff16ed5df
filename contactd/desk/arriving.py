"""What an arrival becomes: the row it is accepted as, and the entry of the book when it is placed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contactd.core.channel import Arrival, Content
from contactd.core.interaction import SegmentReason, State
from contactd.core.segment import begin
from contactd.crm_store.placing import Placed, Placing
from contactd.desk.book import Entry


def new_interaction(arrival: Arrival, interaction: str, line: str, now: datetime) -> Mapping[str, Any]:
    """Return the row of something that is stored raw and waits to be understood."""
    return {
        "id": interaction,
        "channel": arrival.channel,
        "direction": arrival.direction,
        "adapter": arrival.adapter,
        "external_key": arrival.external_key,
        "line": line,
        "line_text": arrival.line_text,
        "state": State.RECEIVED,
        "state_since": now,
        "raw_from": arrival.sender,
        "raw_to": arrival.recipient,
        "subject": arrival.subject,
        "started_at": arrival.at,
        "routed_by": arrival.routed_by,
        "created_at": now,
        "updated_at": now,
    }


def entry_of(placed: Placed, arrival: Arrival, content: Content, placing: Placing) -> Entry:
    """Return the book's entry of something that was just placed."""
    return Entry(
        id=placed.interaction,
        channel=arrival.channel,
        adapter=arrival.adapter,
        external_key=arrival.external_key,
        direction=arrival.direction,
        line=placing.line,
        state=placed.state,
        state_since=placing.at,
        segment=begin(1, placing.line, SegmentReason.ARRIVAL, placing.at, placed.state),
        priority=placing.priority,
        skills=placing.skills,
        subject=placing.subject,
        sender=(content.sender.display or content.sender.raw) if content.sender else arrival.sender,
        recipient=arrival.recipient,
        queued_at=placing.at,
        party=placed.resolution.party,
        resolve_state=placed.resolution.state,
        unverified=placed.unverified,
        customer_name=placed.party_name or content.sender_name,
        vip=placed.vip,
        thread=placed.thread,
        case_id=placed.case_id,
        parent_id=placed.parent_id,
        routed_by=arrival.routed_by,
        line_text=arrival.line_text,
        language=placing.language,
        unread=len(placed.messages),
        unanswered_since=placing.at if placed.messages else None,
        last_message=str(placed.messages[-1]["text"])[:200] if placed.messages else None,
        live=placing.live,
    )
