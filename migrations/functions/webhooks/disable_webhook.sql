-- Send an endpoint nothing more: what waits for it is cancelled, and an incident says why. The caller holds its state's lock.
CREATE OR REPLACE FUNCTION disable_webhook(p_tenant text, p_webhook uuid, p_reason text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE webhook h SET state = 'DISABLED', state_reason = p_reason, version = h.version + 1,
        updated_at = greatest(clock_timestamp(), h.updated_at + interval '1 microsecond'), updated_by = 'webhooks'
    WHERE h.tenant_id = p_tenant AND h.id = p_webhook;
    UPDATE webhook_delivery d SET state = 'CANCELLED', completed_at = clock_timestamp()
    WHERE d.tenant_id = p_tenant AND d.webhook_id = p_webhook AND d.state = 'PENDING' AND d.lease_token IS NULL;
    PERFORM ingest_event(
        p_tenant, outbox_event_id(), NULL, NULL, NULL, NULL, 'webhook.disabled', 'ERROR', 'PLATFORM',
        jsonb_build_object('webhook_id', p_webhook, 'message', p_reason), NULL, NULL, '', '', clock_timestamp(),
        fingerprint_signature(p_tenant, 'webhook:' || p_webhook), 1, format('webhook %s was disabled: %s', p_webhook, p_reason),
        interval '30 minutes', interval '7 days', 10, 3);
END
$$;
GRANT EXECUTE ON FUNCTION disable_webhook(text,uuid,text) TO sextant_platform;
