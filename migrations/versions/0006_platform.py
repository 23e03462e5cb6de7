"""The HTTP platform: rate limits, flags, configuration, idempotency and what runs and scenarios need beyond the core."""

from migrations import apply

revision = "0006_platform"
down_revision = "0005_operations"


def upgrade() -> None:
    apply("0006_platform.up")


def downgrade() -> None:
    apply("0006_platform.down")
