"""What Alembic runs: migrate on the connection it is handed, whose transaction belongs to the caller."""

from __future__ import annotations

from alembic import context

from contactd.crm_store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
    transaction_per_migration=False,
)
context.run_migrations()
