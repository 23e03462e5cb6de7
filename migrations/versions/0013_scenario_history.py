"""Scenarios become a temporal table: triggers keep their versions."""

from migrations import apply

revision = "0013_scenario_history"
down_revision = "0012_one_history"


def upgrade() -> None:
    apply("0013_scenario_history.up")


def downgrade() -> None:
    apply("0013_scenario_history.down")
