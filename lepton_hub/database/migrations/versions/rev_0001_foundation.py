"""The foundation: items, versions, permissions, uploads, audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lepton_hub.audit import guard_statements, unguard_statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SHORT = sa.text("field IN ('actor', 'subject')")
TABLES = [
    "access_requests",
    "audit_entries",
    "audit_head",
    "items",
    "pending_uploads",
    "repeatable_answers",
    "audit_redactions",
    "audit_values",
    "grants",
    "item_tags",
    "shared_links",
    "versions",
    "sources",
    "version_files",
]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "access_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("space", sa.String(length=130), nullable=False),
        sa.Column("item_name", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("message", sa.String(length=1000), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("answered_by", sa.String(length=128), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_access_requests"),
    )
    op.create_index("ix_access_requests_item_name", "access_requests", ["item_name"])
    op.create_index("ix_access_requests_person", "access_requests", ["person"])
    op.create_index("ix_access_requests_space", "access_requests", ["space"])
    op.create_table(
        "audit_entries",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=500), nullable=False),
        sa.Column("actor_commitment", sa.String(length=64), nullable=False),
        sa.Column("detail_commitment", sa.String(length=64), nullable=False),
        sa.Column("subject_commitment", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_entries"),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_audit_head_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("space", sa.String(length=130), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("licence", sa.String(length=200), nullable=False),
        sa.Column("origin", sa.String(length=2000), nullable=False),
        sa.Column("intended_use", sa.Text(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("personal_data", sa.String(length=16), nullable=False),
        sa.Column("card_revision", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
        sa.UniqueConstraint("public_id", name="uq_items_public_id"),
        sa.UniqueConstraint("space", "name", name="uq_items_space"),
    )
    op.create_index("ix_items_owner", "items", ["owner"])
    op.create_index("ix_items_team", "items", ["team"])
    op.create_table(
        "pending_uploads",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pending_uploads"),
    )
    op.create_index("ix_pending_uploads_person", "pending_uploads", ["person"])
    op.create_index("ix_pending_uploads_sha256", "pending_uploads", ["sha256"])
    op.create_table(
        "repeatable_answers",
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("location", sa.String(length=1000), nullable=True),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person", "key", name="pk_repeatable_answers"),
    )
    op.create_index("ix_repeatable_answers_given_at", "repeatable_answers", ["given_at"])
    op.create_table(
        "audit_redactions",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=8), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "field IN ('actor', 'detail', 'subject')", name="ck_audit_redactions_field"
        ),
        sa.ForeignKeyConstraint(
            ["by"], ["audit_entries.number"], name="fk_audit_redactions_by_audit_entries"
        ),
        sa.ForeignKeyConstraint(
            ["number"], ["audit_entries.number"], name="fk_audit_redactions_number_audit_entries"
        ),
        sa.PrimaryKeyConstraint("number", "field", name="pk_audit_redactions"),
    )
    op.create_index("ix_audit_redactions_by", "audit_redactions", ["by"])
    op.create_table(
        "audit_values",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=8), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("field IN ('actor', 'detail', 'subject')", name="ck_audit_values_field"),
        sa.ForeignKeyConstraint(
            ["number"], ["audit_entries.number"], name="fk_audit_values_number_audit_entries"
        ),
        sa.PrimaryKeyConstraint("number", "field", name="pk_audit_values"),
    )
    op.create_index(
        "ix_audit_values_names",
        "audit_values",
        ["field", "text", "number"],
        sqlite_where=SHORT,
        postgresql_where=SHORT,
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("granted_by", sa.String(length=128), nullable=False),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_grants_item_id_items"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.UniqueConstraint("item_id", "subject", "name", name="uq_grants_item_id"),
    )
    op.create_index("ix_grants_item_id", "grants", ["item_id"])
    op.create_table(
        "item_tags",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_item_tags_item_id_items"),
        sa.PrimaryKeyConstraint("item_id", "tag", name="pk_item_tags"),
    )
    op.create_index("ix_item_tags_tag", "item_tags", ["tag"])
    op.create_table(
        "shared_links",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_shared_links_item_id_items"),
        sa.PrimaryKeyConstraint("id", name="pk_shared_links"),
        sa.UniqueConstraint("secret_sha256", name="uq_shared_links_secret_sha256"),
    )
    op.create_index("ix_shared_links_item_id", "shared_links", ["item_id"])
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("made_with", sa.String(length=1000), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_versions_item_id_items"),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.UniqueConstraint("item_id", "number", name="uq_versions_item_id"),
    )
    op.create_index("ix_versions_item_id", "versions", ["item_id"])
    op.create_table(
        "sources",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["versions.id"], name="fk_sources_source_id_versions"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name="fk_sources_version_id_versions"
        ),
        sa.PrimaryKeyConstraint("version_id", "source_id", name="pk_sources"),
    )
    op.create_index("ix_sources_source_id", "sources", ["source_id"])
    op.create_table(
        "version_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=161), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name="fk_version_files_version_id_versions"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_version_files"),
        sa.UniqueConstraint("version_id", "path", name="uq_version_files_version_id"),
    )
    op.create_index("ix_version_files_sha256", "version_files", ["sha256"])
    op.create_index("ix_version_files_version_id", "version_files", ["version_id"])
    for statement in guard_statements(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Remove the tables."""
    for statement in unguard_statements(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)
    for table in reversed(TABLES):
        op.drop_table(table)
