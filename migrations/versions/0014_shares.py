"""Settings and quotas remember whether who manages tenants set them."""

from migrations import apply

revision = "0014_shares"
down_revision = "0013_scenario_history"


def upgrade() -> None:
    apply("0014_shares.up")


def downgrade() -> None:
    apply("0014_shares.down")
