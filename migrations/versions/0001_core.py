"""Roles, tenancy, scenarios, runs and outputs."""

from migrations import apply

revision = "0001_core"
down_revision = None


def upgrade() -> None:
    apply("0001_core.up")


def downgrade() -> None:
    apply("0001_core.down")
