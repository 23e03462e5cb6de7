"""A baseline keeps what scenarios on it may name."""

from migrations import apply

revision = "0020_vocabulary"
down_revision = "0019_reader"


def upgrade() -> None:
    apply("0020_vocabulary.up")


def downgrade() -> None:
    apply("0020_vocabulary.down")
