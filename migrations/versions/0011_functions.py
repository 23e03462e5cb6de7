"""Functions become files: what is loaded is kept in a table, and an upgrade loads what has changed."""

from migrations import apply, restore_functions

revision = "0011_functions"
down_revision = "0010_journal"


def upgrade() -> None:
    apply("0011_functions.up")


def downgrade() -> None:
    restore_functions()
    apply("0011_functions.down")
