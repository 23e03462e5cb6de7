"""${message}"""

from migrations import apply

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    apply("${up_revision}.up")


def downgrade() -> None:
    apply("${up_revision}.down")
