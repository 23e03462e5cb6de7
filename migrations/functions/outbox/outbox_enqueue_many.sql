-- As outbox_enqueue, for many events of one tenant in one call; the ids in the order given.
CREATE OR REPLACE FUNCTION outbox_enqueue_many(
    p_tenant text, p_topics text[], p_dedupe_keys text[], p_payloads jsonb[], p_headers jsonb[],
    p_delays interval[] DEFAULT NULL, p_refusable boolean DEFAULT true
) RETURNS SETOF uuid
    LANGUAGE plpgsql AS $$
DECLARE
    ids   uuid[];
    fresh uuid[];
BEGIN
    SELECT array_agg(outbox_event_id()) INTO ids FROM generate_series(1, cardinality(p_topics));
    WITH stored AS (
        INSERT INTO outbox_event (tenant_id, id, topic, dedupe_key, payload, headers)
        SELECT p_tenant, g.id, g.topic, g.dedupe_key, g.payload::json, coalesce(g.headers, '{}')::json
        FROM unnest(ids, p_topics, p_dedupe_keys, p_payloads, p_headers)
            WITH ORDINALITY AS g(id, topic, dedupe_key, payload, headers, turn)
        ORDER BY g.turn
        ON CONFLICT (tenant_id, dedupe_key) DO NOTHING RETURNING id
    )
    SELECT array_agg(s.id) INTO fresh FROM stored s;
    IF fresh IS NOT NULL THEN
        PERFORM outbox_admit(p_tenant, CASE WHEN p_refusable THEN cardinality(fresh) END);
        INSERT INTO outbox_delayed (tenant_id, event_id, retry_at)
        SELECT p_tenant, g.id, clock_timestamp() + g.delay FROM unnest(ids, p_delays) AS g(id, delay)
        WHERE g.delay > interval '0' AND g.id = ANY (fresh);
        INSERT INTO outbox_pending (tenant_id, event_id)
        SELECT p_tenant, g.id FROM unnest(ids, p_delays) WITH ORDINALITY AS g(id, delay, turn)
        WHERE (g.delay IS NULL OR g.delay <= interval '0') AND g.id = ANY (fresh)
        ORDER BY g.turn;
    END IF;
    RETURN QUERY
        SELECT coalesce(e.id, g.id) FROM unnest(ids, p_dedupe_keys) WITH ORDINALITY AS g(id, dedupe_key, turn)
        LEFT JOIN outbox_event e ON e.tenant_id = p_tenant AND e.dedupe_key = g.dedupe_key
        ORDER BY g.turn;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_enqueue_many(text,text[],text[],jsonb[],jsonb[],interval[],boolean) TO sextant_app, sextant_platform;
