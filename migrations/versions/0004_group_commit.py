"""The database's side of the group commit into the lake."""

from migrations import apply

revision = "0004_group_commit"
down_revision = "0003_run_lifecycle"


def upgrade() -> None:
    apply("0004_group_commit.up")


def downgrade() -> None:
    apply("0004_group_commit.down")
