"""Files that cannot be committed: their attempts, and when the next may be."""

from migrations import apply

revision = "0016_refused_outputs"
down_revision = "0015_run_cancellation"


def upgrade() -> None:
    apply("0016_refused_outputs.up")


def downgrade() -> None:
    apply("0016_refused_outputs.down")
