"""A role that reads every table, for people who look into the database."""

from migrations import apply

revision = "0019_reader"
down_revision = "0018_escalations"


def upgrade() -> None:
    apply("0019_reader.up")


def downgrade() -> None:
    apply("0019_reader.down")
