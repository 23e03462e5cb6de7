"""Tenants' own baselines, and their pinning by runs."""

from migrations import apply

revision = "0007_baselines"
down_revision = "0006_platform"


def upgrade() -> None:
    apply("0007_baselines.up")


def downgrade() -> None:
    apply("0007_baselines.down")
