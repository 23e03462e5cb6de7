-- Take a batch of one endpoint: of those that have something due the one that was served longest ago. At most `p_batch`
-- deliveries, in the order of their positions, leased under `p_token`.
--
-- What is claimed is returned whole: a join around this function would read an older snapshot, and leave out what was stored since.
--
-- The row of the endpoint's state is the lock under which one claims and settles; who meets it locked takes another endpoint,
-- for who holds it looks again afterwards. An endpoint that is quick may have `p_share` batches on their way at once, any other
-- one, and an ordered one always one. A tenant may have `p_of_tenant`, and `p_slow` that are not quick, so that those leave
-- room for the others.
CREATE OR REPLACE FUNCTION webhook_claim(
    p_token uuid, p_lease interval, p_batch integer, p_share integer, p_of_tenant integer, p_slow integer
) RETURNS TABLE (
    tenant_id text, webhook_id uuid, id uuid, event_id uuid, place bigint, turn integer, age_seconds double precision, body text,
    url text, ordered boolean
)
    LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    chosen  record;
    moment  timestamptz := clock_timestamp();
    in_order boolean;
    address text;
    at_most integer;
BEGIN
    -- Who lost a race for the last turn of an endpoint looks for another one.
    <<again>>
    FOR attempt IN 1..5 LOOP
        FOR chosen IN
            WITH RECURSIVE waiting AS (
                (SELECT d.tenant_id, d.webhook_id FROM webhook_delivery d WHERE d.state = 'PENDING'
                 ORDER BY d.tenant_id, d.webhook_id LIMIT 1)
                UNION ALL
                SELECT n.tenant_id, n.webhook_id FROM waiting w CROSS JOIN LATERAL (
                    SELECT d.tenant_id, d.webhook_id FROM webhook_delivery d
                    WHERE d.state = 'PENDING' AND (d.tenant_id, d.webhook_id) > (w.tenant_id, w.webhook_id)
                    ORDER BY d.tenant_id, d.webhook_id LIMIT 1) AS n
            ), on_its_way AS (
                SELECT l.tenant_id, l.webhook_id, count(DISTINCT l.lease_token) AS batches
                FROM webhook_delivery l WHERE l.lease_token IS NOT NULL AND l.lease_until > moment GROUP BY l.tenant_id, l.webhook_id
            ), of_tenant AS (
                SELECT o.tenant_id, sum(o.batches) AS batches, coalesce(sum(o.batches) FILTER (WHERE NOT t.quick), 0) AS slow
                FROM on_its_way o JOIN webhook_state t USING (tenant_id, webhook_id) GROUP BY o.tenant_id
            )
            SELECT s.tenant_id, s.webhook_id FROM waiting w
            JOIN webhook_state s USING (tenant_id, webhook_id)
            JOIN webhook h ON h.tenant_id = s.tenant_id AND h.id = s.webhook_id
            LEFT JOIN on_its_way o ON o.tenant_id = s.tenant_id AND o.webhook_id = s.webhook_id
            LEFT JOIN of_tenant t ON t.tenant_id = s.tenant_id
            WHERE h.state = 'ENABLED' AND h.deleted_at IS NULL AND (s.open_until IS NULL OR s.open_until <= moment)
              AND coalesce(o.batches, 0) < CASE WHEN s.quick AND NOT h.ordered THEN p_share ELSE 1 END
              AND coalesce(t.batches, 0) < p_of_tenant AND (s.quick OR coalesce(t.slow, 0) < p_slow)
              AND CASE WHEN h.ordered THEN
                    (SELECT d.due_at <= moment AND (d.lease_until IS NULL OR d.lease_until <= moment) FROM webhook_delivery d
                     WHERE d.tenant_id = s.tenant_id AND d.webhook_id = s.webhook_id AND d.state = 'PENDING' ORDER BY d.position LIMIT 1)
                  ELSE EXISTS (SELECT FROM webhook_delivery d WHERE d.tenant_id = s.tenant_id AND d.webhook_id = s.webhook_id
                     AND d.state = 'PENDING' AND d.due_at <= moment AND (d.lease_until IS NULL OR d.lease_until <= moment)) END
            ORDER BY s.served_at NULLS FIRST, s.webhook_id LIMIT 1 FOR UPDATE OF s SKIP LOCKED
        LOOP
            -- A statement of its own: its snapshot has what was settled before the lock was ours.
            UPDATE webhook_state s SET served_at = clock_timestamp() FROM webhook h
            WHERE s.tenant_id = chosen.tenant_id AND s.webhook_id = chosen.webhook_id AND h.tenant_id = s.tenant_id AND h.id = s.webhook_id
              AND h.state = 'ENABLED' AND h.deleted_at IS NULL AND (s.open_until IS NULL OR s.open_until <= moment)
              AND (SELECT count(DISTINCT l.lease_token) FROM webhook_delivery l
                   WHERE l.tenant_id = s.tenant_id AND l.webhook_id = s.webhook_id AND l.lease_token IS NOT NULL AND l.lease_until > moment
                  ) < CASE WHEN s.quick AND NOT h.ordered THEN p_share ELSE 1 END
            -- Of an endpoint that fails one is enough to see whether it is back.
            RETURNING h.ordered, h.url, CASE WHEN s.failures > 0 THEN 1 ELSE p_batch END INTO in_order, address, at_most;
            IF NOT FOUND THEN
                CONTINUE again;
            END IF;
            IF in_order THEN
                -- Up to the first that may not be sent yet, so that none overtakes it.
                RETURN QUERY UPDATE webhook_delivery d SET lease_token = p_token, lease_until = clock_timestamp() + p_lease
                FROM webhook_event v
                WHERE v.tenant_id = d.tenant_id AND v.id = d.event_id AND d.tenant_id = chosen.tenant_id AND d.id IN (
                    SELECT q.id FROM (
                        SELECT p.id, bool_and(p.due_at <= moment) OVER (ORDER BY p.position) AS free FROM (
                            SELECT e.id, e.position, e.due_at FROM webhook_delivery e
                            WHERE e.tenant_id = chosen.tenant_id AND e.webhook_id = chosen.webhook_id AND e.state = 'PENDING'
                            ORDER BY e.position LIMIT at_most) AS p) AS q
                    WHERE q.free)
                RETURNING d.tenant_id, d.webhook_id, d.id, d.event_id, d.position, d.turn,
                    extract(epoch FROM clock_timestamp() - d.begun_at)::double precision, v.body, address, in_order;
            ELSE
                RETURN QUERY UPDATE webhook_delivery d SET lease_token = p_token, lease_until = clock_timestamp() + p_lease
                FROM webhook_event v
                WHERE v.tenant_id = d.tenant_id AND v.id = d.event_id AND d.tenant_id = chosen.tenant_id AND d.id IN (
                    SELECT e.id FROM webhook_delivery e
                    WHERE e.tenant_id = chosen.tenant_id AND e.webhook_id = chosen.webhook_id AND e.state = 'PENDING'
                      AND e.due_at <= moment AND (e.lease_until IS NULL OR e.lease_until <= moment)
                    ORDER BY e.due_at, e.position LIMIT at_most)
                RETURNING d.tenant_id, d.webhook_id, d.id, d.event_id, d.position, d.turn,
                    extract(epoch FROM clock_timestamp() - d.begun_at)::double precision, v.body, address, in_order;
            END IF;
            RETURN;
        END LOOP;
        RETURN;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION webhook_claim(uuid,interval,integer,integer,integer,integer) TO sextant_platform;
