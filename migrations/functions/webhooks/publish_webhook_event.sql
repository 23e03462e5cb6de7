-- Store an event, a delivery for each endpoint that wants it, and a message that wakes the deliverer: one for each
-- transaction. Nothing is stored where nobody wants it. `p_webhook` names the one endpoint to tell, whatever it filters.
--
-- The body is at once what Standard Webhooks proposes (type, timestamp, data) and a structured CloudEvent 1.0.
CREATE OR REPLACE FUNCTION publish_webhook_event(
    p_tenant text, p_type text, p_thing uuid, p_scenario uuid, p_data jsonb, p_webhook uuid DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    event     uuid;
    receivers uuid[];
    moment    text;
BEGIN
    SELECT array_agg(w.id ORDER BY w.id) INTO receivers FROM webhook w
    WHERE w.tenant_id = p_tenant AND w.deleted_at IS NULL AND (
        w.id = p_webhook
        OR (p_webhook IS NULL AND w.state <> 'DISABLED'
            AND (w.event_types = '{}' OR p_type = ANY (w.event_types))
            AND (w.scenario_ids = '{}' OR p_scenario = ANY (w.scenario_ids))
            AND (w.tags = '{}' OR EXISTS (
                SELECT FROM scenario s WHERE s.tenant_id = p_tenant AND s.id = p_scenario AND s.tags && w.tags))));
    IF receivers IS NULL THEN
        RETURN NULL;
    END IF;
    event := outbox_event_id();
    moment := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    INSERT INTO webhook_event (tenant_id, id, event_type, thing_id, scenario_id, body)
    VALUES (p_tenant, event, p_type, p_thing, p_scenario, jsonb_build_object(
        'specversion', '1.0', 'id', event, 'source', '/v1', 'type', p_type, 'subject', p_thing, 'time', moment, 'timestamp', moment,
        'datacontenttype', 'application/json', 'data', jsonb_strip_nulls(p_data))::text);
    INSERT INTO webhook_delivery (tenant_id, id, webhook_id, event_id, event_type)
    SELECT p_tenant, outbox_event_id(), r.id, event, p_type FROM unnest(receivers) AS r (id);
    PERFORM wake_webhooks(p_tenant);
    RETURN event;
END
$$;
GRANT EXECUTE ON FUNCTION publish_webhook_event(text,text,uuid,uuid,jsonb,uuid) TO sextant_app, sextant_platform;
