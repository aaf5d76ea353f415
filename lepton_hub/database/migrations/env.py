"""Run by Alembic: migrate the database on the connection that `upgrade_database` hands over."""

from __future__ import annotations

from alembic import context

import lepton_hub.api.idempotency
import lepton_hub.audit
import lepton_hub.catalogue
import lepton_hub.graph.mention_tables
import lepton_hub.jobs.job_tables
import lepton_hub.knowledge
import lepton_hub.permissions
import lepton_hub.search  # noqa: F401
from lepton_hub.database.base import Base
from lepton_hub.search.word_index import managed_by_alembic

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=False,
    compare_type=True,
    include_name=managed_by_alembic,
)
context.run_migrations()
