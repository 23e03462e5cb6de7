-- For the relay, about once a second: store the floors it has come to and the lengths of long lanes.
--
-- The answer lets it raise its floors further. `position` was the last one given out; `writers` are the
-- transactions that were writing to outbox_pending just after and may not have committed yet. When the same
-- call with `p_watched` => those writers says `complete`, every row up to that position is visible or will
-- never be. A long transaction elsewhere is no writer here and does not hold this back.
CREATE OR REPLACE FUNCTION outbox_measure(p_floors jsonb, p_watched text[]) RETURNS outbox_measured
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
    AS $$
DECLARE
    result outbox_measured;
BEGIN
    -- In this order: who took a position before it was read holds the table's lock while it is looked at.
    SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END INTO result.position FROM outbox_position s;
    SELECT coalesce(array_agg(k.virtualtransaction), '{}') INTO result.writers FROM pg_locks k
    WHERE k.locktype = 'relation' AND k.relation = 'outbox_pending'::regclass AND k.mode = 'RowExclusiveLock'
      AND k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND k.pid <> pg_backend_pid();
    result.complete := NOT result.writers && coalesce(p_watched, '{}');

    WITH measured AS (
        SELECT l.tenant_id, l.floor AS stored_floor, l.pending AS stored_pending, f.floor, counted.pending
        FROM (SELECT key AS tenant_id, value::bigint AS floor FROM jsonb_each_text(p_floors)) AS f
        JOIN outbox_lane l ON l.tenant_id = f.tenant_id
        JOIN tenant_quota d ON d.tenant_id = '*'
        LEFT JOIN tenant_quota q ON q.tenant_id = f.tenant_id
        CROSS JOIN LATERAL (
            SELECT count(*)::integer AS pending FROM (
                SELECT FROM outbox_pending p WHERE p.tenant_id = f.tenant_id AND p.position >= greatest(f.floor, l.floor)
                LIMIT coalesce(q.max_pending, d.max_pending)
            ) AS bounded
        ) AS counted
    ), worth AS (
        SELECT l.tenant_id, m.floor, m.pending
        FROM measured m JOIN outbox_lane l ON l.tenant_id = m.tenant_id
        WHERE m.floor > m.stored_floor + 500 OR m.pending > 1000 OR m.stored_pending > 1000
        FOR UPDATE OF l SKIP LOCKED
    )
    UPDATE outbox_lane l SET floor = greatest(l.floor, w.floor), pending = w.pending, measured_at = clock_timestamp()
    FROM worth w WHERE l.tenant_id = w.tenant_id;
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_measure(jsonb,text[]) TO sextant_platform;
