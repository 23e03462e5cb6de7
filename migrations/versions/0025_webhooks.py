"""Webhooks: endpoints with their secrets, events, and what is delivered of them to whom."""

from migrations import apply

revision = "0025_webhooks"
down_revision = "0024_baseline_deletions"


def upgrade() -> None:
    apply("0025_webhooks.up")


def downgrade() -> None:
    apply("0025_webhooks.down")
