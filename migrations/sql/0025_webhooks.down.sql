DROP TRIGGER tell_webhooks ON incident;
DROP TRIGGER tell_webhooks_opened ON incident;
DROP TRIGGER tell_webhooks ON scenario_run;
DROP FUNCTION tell_webhooks();
DROP TABLE webhook_attempt, webhook_delivery, webhook_event, webhook_state, webhook_secret, webhook_audit, webhook CASCADE;
DROP FUNCTION IF EXISTS webhook_keep_audit();
