"""The application's roles execute what is granted to them by name, and claims take turns by a row."""

from migrations import apply

revision = "0017_least_rights"
down_revision = "0016_refused_outputs"


def upgrade() -> None:
    apply("0017_least_rights.up")


def downgrade() -> None:
    apply("0017_least_rights.down")
