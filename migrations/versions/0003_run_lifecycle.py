"""The life of a run as database functions: request, claim, store, cancel, recover."""

from migrations import apply

revision = "0003_run_lifecycle"
down_revision = "0002_outbox"


def upgrade() -> None:
    apply("0003_run_lifecycle.up")


def downgrade() -> None:
    apply("0003_run_lifecycle.down")
