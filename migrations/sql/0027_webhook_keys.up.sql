-- By what an endpoint's requests are signed. Who verifies by ed25519 needs the public key alone, so that it stands here and is read again.
ALTER TABLE webhook
    ADD COLUMN signing    text NOT NULL DEFAULT 'hmac',
    ADD COLUMN public_key text NOT NULL DEFAULT '',
    ADD CONSTRAINT webhook_signing_check CHECK (signing IN ('hmac', 'ed25519')),
    ADD CONSTRAINT webhook_public_key_check CHECK ((signing = 'ed25519') = (public_key <> ''));
-- What keeps the audit names each column.
SELECT keep_audit('webhook');

-- An export that the API makes itself is ready as it is stored; one that Athena makes becomes ready, or fails.
CREATE TRIGGER tell_webhooks_kept AFTER INSERT ON export FOR EACH ROW
    WHEN (NEW.state = 'SUCCEEDED') EXECUTE FUNCTION tell_webhooks('export');
CREATE TRIGGER tell_webhooks AFTER UPDATE OF state ON export FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND NEW.state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')) EXECUTE FUNCTION tell_webhooks('export');
