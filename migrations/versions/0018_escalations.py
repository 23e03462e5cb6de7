"""A tenant's escalations are found by an index."""

from migrations import apply

revision = "0018_escalations"
down_revision = "0017_least_rights"


def upgrade() -> None:
    apply("0018_escalations.up")


def downgrade() -> None:
    apply("0018_escalations.down")
