"""Exports as rows, whose states are changes."""

from migrations import apply

revision = "0026_exports"
down_revision = "0025_webhooks"


def upgrade() -> None:
    apply("0026_exports.up")


def downgrade() -> None:
    apply("0026_exports.down")
