-- Cancel up to `p_limit` of the runs that are to run no more: what is left of cancellations, and those that wait of a tenant that
-- is not active. How many they were; called again until it says 0. Any number may run at once.
CREATE OR REPLACE FUNCTION cancel_stranded_runs(p_limit integer) RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode = force_custom_plan
    AS $$
DECLARE
    open   run_cancellation;
    live   scenario_run;
    ended  integer := 0;
    before integer;
BEGIN
    DELETE FROM run_cancellation c WHERE c.completed_at < clock_timestamp() - interval '30 days';
    FOR open IN
        SELECT * FROM run_cancellation c WHERE c.completed_at IS NULL ORDER BY c.requested_at LIMIT 100 FOR UPDATE SKIP LOCKED
    LOOP
        before := ended;
        -- Along the indexes of what is queued and what is in work: what has ended is passed over by neither. In the order of
        -- the line, so that no worker takes what will be cancelled.
        FOR live IN
            SELECT * FROM (
                SELECT * FROM (
                    SELECT r.* FROM scenario_run r
                    WHERE r.tenant_id = open.tenant_id AND r.state = 'QUEUED' AND cancellation_covers(open, r)
                    ORDER BY r.claim_order, r.id LIMIT p_limit - ended FOR UPDATE OF r SKIP LOCKED
                ) AS queued
                UNION ALL
                SELECT * FROM (
                    SELECT r.* FROM scenario_run r
                    WHERE r.tenant_id = open.tenant_id AND r.state = 'RUNNING' AND cancellation_covers(open, r)
                      AND NOT EXISTS (SELECT FROM output_file f WHERE f.tenant_id = r.tenant_id AND f.run_id = r.id AND f.state = 'ASSIGNED')
                    LIMIT p_limit - ended FOR UPDATE OF r SKIP LOCKED
                ) AS in_work
            ) AS covered LIMIT p_limit - ended
        LOOP
            PERFORM end_run(live, 'CANCELLED', NULL, open.actor);
            ended := ended + 1;
        END LOOP;
        UPDATE run_cancellation c SET cancelled = c.cancelled + ended - before WHERE c.tenant_id = open.tenant_id AND c.id = open.id;
        EXIT WHEN ended >= p_limit;
        -- A run that somebody holds just now is looked at in the next round.
        CONTINUE WHEN EXISTS (
            SELECT FROM scenario_run r
            WHERE r.tenant_id = open.tenant_id AND r.state = 'QUEUED' AND cancellation_covers(open, r)
        ) OR EXISTS (
            SELECT FROM scenario_run r
            WHERE r.tenant_id = open.tenant_id AND r.state = 'RUNNING' AND cancellation_covers(open, r)
              AND NOT EXISTS (SELECT FROM output_file f WHERE f.tenant_id = r.tenant_id AND f.run_id = r.id AND f.state = 'ASSIGNED'));
        UPDATE run_cancellation c SET completed_at = clock_timestamp() WHERE c.tenant_id = open.tenant_id AND c.id = open.id;
        -- The tenant's other runs stood behind those in the line.
        PERFORM wake_runs(open.tenant_id, open.id::text);
    END LOOP;
    FOR live IN
        SELECT r.* FROM tenant t
        CROSS JOIN LATERAL (
            SELECT * FROM scenario_run q WHERE q.tenant_id = t.tenant_id AND q.state = 'QUEUED'
            ORDER BY q.claim_order, q.id LIMIT p_limit FOR UPDATE SKIP LOCKED
        ) AS r
        WHERE NOT (t.active AND t.deleted_at IS NULL) LIMIT p_limit - ended
    LOOP
        PERFORM end_run(live, 'CANCELLED', jsonb_build_object('code', 'tenant_inactive', 'message', 'the tenant is not active'), 'platform');
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END
$$;
GRANT EXECUTE ON FUNCTION cancel_stranded_runs(integer) TO sextant_platform;
