"""The audit's findings in words."""

from __future__ import annotations

SENTENCES = {
    "duplicate_of_nothing": "it says that it came before, but there is no such receipt",
    "no_interaction": "the receipt leads to no interaction",
    "other_key": "its interaction came under another key",
    "interaction_opened_twice": "two receipts opened the same interaction",
    "no_receipt": "there is no receipt for it",
    "unknown_state": "it stands in a state that does not exist",
    "ended_without_time": "it has ended, but not at any time",
    "gap_before": "a row before it is missing",
    "goes_back": "it was written before the row above it, or by an earlier server",
    "consumed_but_not_journaled": "the fact was taken from the inbox, but the journal does not have it",
    "interaction_not_in_journal": "the journal does not know this interaction",
    "interaction_missing": "the journal knows an interaction that is not there",
    "missing": "the raw bytes are missing",
    "other_digest": "the raw bytes' digest is not the receipt's",
    "changed": "it is not what was received",
    "blob_missing_or_changed": "its file is missing or is not what was received",
    "policy_missing": "the policy that ruled here is missing, or is not what was published",
    "before_any_restart": "the journal does not begin with the start of a router",
    "other_number": "the router counts otherwise at this row",
    "decided_otherwise": "told again, the router decides otherwise here: the row, or one before it, is not what was written",
    "unreadable": "the row cannot be read",
    "other_fingerprint": "the live router had another state here than the journal leads to",
    "interaction_only_in_the_router": "the router has this interaction in hand, the store would not bring it back",
    "interaction_only_in_the_store": "the store holds this interaction open, the router knows nothing of it",
    "interaction_stored_otherwise": "the store would bring this interaction back otherwise than the router holds it",
    "agent_only_in_the_router": "the router knows this agent, the store does not",
    "agent_only_in_the_store": "the store has this agent, the router does not know them",
    "agent_stored_otherwise": "the store would bring this agent back otherwise than the router holds them",
}
"""Word of a fault → what it means."""


def sentence(fault: str) -> str:
    """Return a fault in words."""
    if fault.startswith("journal_says_"):
        journal, row = fault.removeprefix("journal_says_").split("_row_says_")
        return f"the journal leaves it {journal}, the row says {row}"
    if fault.endswith("_blob_missing_or_changed"):
        return "a file it names is missing or changed"
    return SENTENCES.get(fault, fault)
