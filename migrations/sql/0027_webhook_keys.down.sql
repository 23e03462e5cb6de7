DROP TRIGGER tell_webhooks ON export;
DROP TRIGGER tell_webhooks_kept ON export;
ALTER TABLE webhook DROP COLUMN signing, DROP COLUMN public_key;
SELECT keep_audit('webhook');
