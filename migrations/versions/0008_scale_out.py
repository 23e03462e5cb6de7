"""Runs that are computed in parts by several workers: sweeps and Monte Carlo."""

from migrations import apply

revision = "0008_scale_out"
down_revision = "0007_baselines"


def upgrade() -> None:
    apply("0008_scale_out.up")


def downgrade() -> None:
    apply("0008_scale_out.down")
