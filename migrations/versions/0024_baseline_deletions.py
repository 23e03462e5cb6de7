"""Baselines can be deleted, and a timeline is in the order of its moments."""

from migrations import apply

revision = "0024_baseline_deletions"
down_revision = "0023_cancellations"


def upgrade() -> None:
    apply("0024_baseline_deletions.up")


def downgrade() -> None:
    apply("0024_baseline_deletions.down")
