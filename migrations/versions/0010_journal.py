"""Receipts of journaled run requests, and an index of the changes of the journal's switch."""

from migrations import apply

revision = "0010_journal"
down_revision = "0009_history"


def upgrade() -> None:
    apply("0010_journal.up")


def downgrade() -> None:
    apply("0010_journal.down")
