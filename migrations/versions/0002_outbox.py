"""The transactional outbox: events, what of them is pending, delayed or dead, quotas and the relay's functions."""

from migrations import apply

revision = "0002_outbox"
down_revision = "0001_core"


def upgrade() -> None:
    apply("0002_outbox.up")


def downgrade() -> None:
    apply("0002_outbox.down")
