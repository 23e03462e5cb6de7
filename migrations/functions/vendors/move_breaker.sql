-- Move a breaker, with the event that says so. The opening is a failure and counts; the closing is linked to its incident.
CREATE OR REPLACE FUNCTION move_breaker(p_tenant text, p_vendor uuid, p_open boolean, p_actor text, p_reason text, p_correlation_id text) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    moved     vendor_state;
    owner     vendor;
    shared    text;
    linked    uuid;
    payload   jsonb;
BEGIN
    SELECT * INTO STRICT owner FROM vendor v WHERE v.tenant_id = p_tenant AND v.id = p_vendor;
    INSERT INTO vendor_state (tenant_id, vendor_id) VALUES (p_tenant, p_vendor) ON CONFLICT DO NOTHING;
    UPDATE vendor_state s SET
        breaker = CASE WHEN p_open THEN 'OPEN' ELSE 'CLOSED' END,
        opened_at = CASE WHEN p_open THEN clock_timestamp() END,
        opened_by = CASE WHEN p_open THEN p_actor ELSE '' END,
        failures = 0, probe_token = NULL, probe_until = NULL, epoch = s.epoch + 1
    WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor AND (s.breaker = 'CLOSED') = p_open
    RETURNING * INTO moved;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    shared := fingerprint_signature(p_tenant, 'vendor:' || owner.name);
    payload := jsonb_build_object('vendor', owner.name, 'message', p_reason, 'actor', p_actor);
    IF p_open THEN
        PERFORM ingest_event(
            p_tenant, outbox_event_id(), NULL, p_vendor, NULL, NULL, 'vendor.breaker_opened', 'ERROR', 'PLATFORM', payload, NULL, NULL,
            p_correlation_id, '', clock_timestamp(), shared, 1, format('vendor %s fails', owner.name),
            interval '30 minutes', interval '7 days', 10, 3);
    ELSE
        SELECT i.id INTO linked FROM incident i WHERE i.tenant_id = p_tenant AND i.signature = shared AND i.is_current;
        PERFORM ingest_event(
            p_tenant, outbox_event_id(), NULL, p_vendor, NULL, linked, 'vendor.breaker_closed', 'INFO', 'PLATFORM', payload, NULL, NULL,
            p_correlation_id, '', clock_timestamp(), NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    END IF;
    RETURN true;
END
$$;
GRANT EXECUTE ON FUNCTION move_breaker(text,uuid,boolean,text,text,text) TO sextant_app, sextant_platform;
