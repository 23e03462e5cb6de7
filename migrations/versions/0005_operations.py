"""Operations: events, incidents, decisions, actions, kill switches, workflows, vendors, tenants."""

from migrations import apply

revision = "0005_operations"
down_revision = "0004_group_commit"


def upgrade() -> None:
    apply("0005_operations.up")


def downgrade() -> None:
    apply("0005_operations.down")
