"""Make the views for reports by other programs: facts and dimensions without anything personal of customers."""

from __future__ import annotations

from alembic import op

revision = "0028_star_views"
down_revision = "0027_texts"
branch_labels = None
depends_on = None

VIEWS = (
    """
    CREATE VIEW bi_agent AS SELECT id, name, display_name, role, team, disabled FROM agent
    """,
    """
    CREATE VIEW bi_party AS SELECT
      id, canonical_id AS customer_id, kind, lifecycle, vip, owner_id AS owner, team_id AS team, credit_level, credit_flag,
      CASE WHEN pii_state = 'erased' THEN 1 ELSE 0 END AS erased, created_at, deleted_at
    FROM party
    """,
    """
    CREATE VIEW bi_contact AS SELECT
      id, channel, direction, line, line_text, agent, agent_text, state, outcome, ended_by, priority, lang, vip,
      party_id, org_party_id AS organisation_id, case_id, thread_id, parent_id, disposition, routed_by, policy_version,
      started_at, queued_at, answered_at, ended_at, wait_ms, talk_ms, hold_ms, wrap_ms
    FROM interaction
    """,
    """
    CREATE VIEW bi_segment AS SELECT
      interaction_id || '/' || n AS id, interaction_id AS contact_id, n, line, reason, agent, outcome, disposition,
      entered_at, offered_at, answered_at, ended_at, ring_ms, wait_ms, talk_ms, hold_ms, consult_ms, wrap_ms
    FROM interaction_segment
    """,
    """
    CREATE VIEW bi_offer AS SELECT
      id, interaction_id AS contact_id, agent, line, channel, outcome, reason, offered_at, ended_at, ring_ms, policy_version
    FROM offer
    """,
    """
    CREATE VIEW bi_topic AS SELECT
      interaction_id || '/' || n AS id, interaction_id AS contact_id, n, case_id, disposition, is_primary, actor AS agent, at
    FROM interaction_topic
    """,
    """
    CREATE VIEW bi_case AS SELECT
      id, no, type, state, stage, priority, severity, escalation, party_id, org_party_id AS organisation_id, assignee,
      team_id AS team, cause_code, source_interaction_id AS contact_id, reopened_n, created_at, resolved_at, closed_at, deleted_at
    FROM "case"
    """,
)


def upgrade() -> None:
    """Change the schema."""
    for view in VIEWS:
        op.execute(view)
