"""Webhooks signed by ed25519, and told of exports."""

from migrations import apply

revision = "0027_webhook_keys"
down_revision = "0026_exports"


def upgrade() -> None:
    apply("0027_webhook_keys.up")


def downgrade() -> None:
    apply("0027_webhook_keys.down")
