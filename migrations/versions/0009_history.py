"""History kept by the database itself, and a selective index behind the exclusion of overlapping versions."""

from migrations import apply

revision = "0009_history"
down_revision = "0008_scale_out"


def upgrade() -> None:
    apply("0009_history.up")


def downgrade() -> None:
    apply("0009_history.down")
