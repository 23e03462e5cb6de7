"""Cancellations by filter that go on by themselves, and stay to be looked at."""

from migrations import apply

revision = "0023_cancellations"
down_revision = "0022_changes"


def upgrade() -> None:
    apply("0023_cancellations.up")


def downgrade() -> None:
    apply("0023_cancellations.down")
