"""Every table of the store, one module per family."""

from __future__ import annotations

from contactd.crm_store.schema.conversation import attachment, message, outbox, upload, visitor
from contactd.crm_store.schema.identity import (
    address,
    contact_claim,
    contact_point,
    external_id,
    party,
    party_link,
    party_name,
)
from contactd.crm_store.schema.intake import raw, receipt
from contactd.crm_store.schema.people import (
    agent,
    agent_line,
    agent_skill,
    api_token,
    line,
    login_failure,
    session,
    skill,
    team,
)
from contactd.crm_store.schema.platform import audit_log, idempotency_key, node
from contactd.crm_store.schema.routing import (
    agent_routing,
    agent_state_log,
    fact_inbox,
    interaction_routing,
    journal,
    offer,
    policy_version,
    router_lease,
)
from contactd.crm_store.schema.types import Json, Moment, Ordered, Words, metadata, storable
from contactd.crm_store.schema.work import (
    case_,
    interaction,
    interaction_event,
    interaction_participant,
    interaction_segment,
    interaction_topic,
    number_seq,
    thread,
)

__all__ = [
    "Json",
    "Moment",
    "Ordered",
    "Words",
    "address",
    "agent",
    "agent_line",
    "agent_routing",
    "agent_skill",
    "agent_state_log",
    "api_token",
    "attachment",
    "audit_log",
    "case_",
    "contact_claim",
    "contact_point",
    "external_id",
    "fact_inbox",
    "idempotency_key",
    "interaction",
    "interaction_event",
    "interaction_participant",
    "interaction_routing",
    "interaction_segment",
    "interaction_topic",
    "journal",
    "line",
    "login_failure",
    "message",
    "metadata",
    "node",
    "number_seq",
    "offer",
    "outbox",
    "party",
    "party_link",
    "party_name",
    "policy_version",
    "raw",
    "receipt",
    "router_lease",
    "session",
    "skill",
    "storable",
    "team",
    "thread",
    "upload",
    "visitor",
]
