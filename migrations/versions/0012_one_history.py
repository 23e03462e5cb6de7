"""One schema for the databases of two histories, and a table for what the last upgrade found."""

from migrations import apply

revision = "0012_one_history"
down_revision = "0011_functions"


def upgrade() -> None:
    apply("0012_one_history.up")


def downgrade() -> None:
    apply("0012_one_history.down")
