-- Store an event in the caller's transaction; its id. A repeat of the dedupe key changes nothing and returns the
-- first event's id. With `p_delay` it is published no sooner than that. `p_refusable => false` for an event
-- that must be stored however long the lane is.
CREATE OR REPLACE FUNCTION outbox_enqueue(
    p_tenant text, p_topic text, p_dedupe_key text, p_payload jsonb, p_headers jsonb DEFAULT '{}',
    p_delay interval DEFAULT NULL, p_refusable boolean DEFAULT true
) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    event uuid;
BEGIN
    INSERT INTO outbox_event (tenant_id, id, topic, dedupe_key, payload, headers)
    VALUES (p_tenant, outbox_event_id(), p_topic, p_dedupe_key, p_payload::json, coalesce(p_headers, '{}')::json)
    ON CONFLICT (tenant_id, dedupe_key) DO NOTHING RETURNING id INTO event;
    IF event IS NULL THEN
        -- A statement of its own: its snapshot sees the one that was there first, also when it has only just committed.
        SELECT e.id INTO STRICT event FROM outbox_event e WHERE e.tenant_id = p_tenant AND e.dedupe_key = p_dedupe_key;
        RETURN event;
    END IF;
    PERFORM outbox_admit(p_tenant, CASE WHEN p_refusable THEN 1 END);
    IF p_delay > interval '0' THEN
        INSERT INTO outbox_delayed (tenant_id, event_id, retry_at) VALUES (p_tenant, event, clock_timestamp() + p_delay);
    ELSE
        INSERT INTO outbox_pending (tenant_id, event_id) VALUES (p_tenant, event);
    END IF;
    RETURN event;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_enqueue(text,text,text,jsonb,jsonb,interval,boolean) TO sextant_app, sextant_platform;
