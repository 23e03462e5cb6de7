"""What changed of a tenant's runs and incidents is kept for whoever watches."""

from migrations import apply

revision = "0022_changes"
down_revision = "0021_outbox_watch"


def upgrade() -> None:
    apply("0022_changes.up")


def downgrade() -> None:
    apply("0022_changes.down")
