"""One relay keeps the watch over the outbox."""

from migrations import apply

revision = "0021_outbox_watch"
down_revision = "0020_vocabulary"


def upgrade() -> None:
    apply("0021_outbox_watch.up")


def downgrade() -> None:
    apply("0021_outbox_watch.down")
