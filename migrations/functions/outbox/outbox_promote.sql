-- Delayed events whose time has come go to the end of their tenant's lane.
CREATE OR REPLACE FUNCTION outbox_promote(p_limit integer) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    WITH due AS (
        DELETE FROM outbox_delayed d USING (
            SELECT w.tenant_id, w.event_id FROM outbox_delayed w
            WHERE w.retry_at <= clock_timestamp() ORDER BY w.retry_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ) AS chosen
        WHERE d.tenant_id = chosen.tenant_id AND d.event_id = chosen.event_id
        RETURNING d.*
    )
    INSERT INTO outbox_pending (tenant_id, event_id, attempts, refusals, replay_id)
    SELECT u.tenant_id, u.event_id, u.attempts, u.refusals, u.replay_id FROM due u ORDER BY u.retry_at;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_promote(integer) TO sextant_platform;
