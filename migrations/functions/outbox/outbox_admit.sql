-- Give the tenant its lane, and raise when it has no room for `p_events` (NULL: any). A short lane is counted each
-- time, so small limits are kept exactly. The length of a long one is remembered in outbox_lane, by the relay or
-- by whoever counted it last, and believed for two seconds: counting 10,000 rows at each enqueue would take longer
-- than enqueueing. Sessions of the platform role are never refused: their events finish work accepted before.
CREATE OR REPLACE FUNCTION outbox_admit(p_tenant text, p_events integer) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    lane    outbox_lane;
    allowed integer;
    waiting bigint;
BEGIN
    SELECT * INTO lane FROM outbox_lane l WHERE l.tenant_id = p_tenant;
    IF NOT FOUND AND pg_try_advisory_xact_lock(hashtextextended(p_tenant, 7390115)) THEN
        -- A tenant's first event. Two of them at once: the second does not wait for the first one's transaction.
        -- Should that one roll back, outbox_find_lanes() gives the tenant its lane.
        INSERT INTO outbox_lane (tenant_id) VALUES (p_tenant) ON CONFLICT DO NOTHING;
    END IF;
    IF p_events IS NULL OR session_user = 'sextant_platform' THEN
        RETURN;
    END IF;
    SELECT coalesce(q.max_pending, d.max_pending) INTO allowed
    FROM tenant_quota d LEFT JOIN tenant_quota q ON q.tenant_id = p_tenant
    WHERE d.tenant_id = '*';
    IF lane.measured_at > clock_timestamp() - interval '2 seconds' AND lane.pending > 1000 THEN
        waiting := lane.pending;
    ELSE
        SELECT count(*) INTO waiting FROM (
            SELECT FROM outbox_pending p WHERE p.tenant_id = p_tenant AND p.position >= coalesce(lane.floor, 0) LIMIT allowed
        ) AS bounded;
        IF waiting > 1000 THEN
            UPDATE outbox_lane l SET pending = waiting, measured_at = clock_timestamp()
            FROM (SELECT FROM outbox_lane w WHERE w.tenant_id = p_tenant FOR UPDATE SKIP LOCKED) AS free
            WHERE l.tenant_id = p_tenant;
        END IF;
    END IF;
    IF waiting + p_events > allowed THEN
        RAISE EXCEPTION 'tenant % has % events pending of % allowed', p_tenant, waiting, allowed
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outbox_backpressure', TABLE = 'outbox_pending';
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_admit(text,integer) TO sextant_app, sextant_platform;
