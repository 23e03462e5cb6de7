"""What is left to cancel of a deleted scenario's runs."""

from migrations import apply

revision = "0015_run_cancellation"
down_revision = "0014_shares"


def upgrade() -> None:
    apply("0015_run_cancellation.up")


def downgrade() -> None:
    apply("0015_run_cancellation.down")
