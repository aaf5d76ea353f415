"""Run by Alembic: migrate the database on the connection that `upgrade_database` hands over."""

from __future__ import annotations

from alembic import context

import lepton_hub.api.idempotency
import lepton_hub.audit
import lepton_hub.catalogue
import lepton_hub.knowledge
import lepton_hub.permissions
import lepton_hub.search  # noqa: F401
from lepton_hub.database.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=False,
    compare_type=True,
    include_name=lambda name, kind, _: kind != "table" or not str(name).startswith("search_words"),
)
context.run_migrations()
