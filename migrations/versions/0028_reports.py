"""Reports: comparisons that are kept as they were answered, and the links that open them."""

from migrations import apply

revision = "0028_reports"
down_revision = "0027_webhook_keys"


def upgrade() -> None:
    apply("0028_reports.up")


def downgrade() -> None:
    apply("0028_reports.down")
