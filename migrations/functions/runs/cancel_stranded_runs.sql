-- Cancel up to `p_limit` of the runs that can never start: what is left of a deleted scenario's, and those that wait of a
-- tenant that is not active. How many they were; called again until it says 0. Any number may run at once.
CREATE OR REPLACE FUNCTION cancel_stranded_runs(p_limit integer) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    left_over run_cancellation;
    live      scenario_run;
    ended     integer := 0;
    before    integer;
BEGIN
    FOR left_over IN SELECT * FROM run_cancellation c ORDER BY c.requested_at LIMIT 100 FOR UPDATE SKIP LOCKED LOOP
        before := ended;
        FOR live IN
            SELECT r.* FROM scenario_run r JOIN scenario s ON s.tenant_id = r.tenant_id AND s.id = r.scenario_id AND s.deleted_at IS NOT NULL
            WHERE r.tenant_id = left_over.tenant_id AND r.scenario_id = left_over.scenario_id AND r.state IN ('QUEUED', 'RUNNING')
              AND NOT EXISTS (SELECT FROM output_file f WHERE f.tenant_id = r.tenant_id AND f.run_id = r.id AND f.state = 'ASSIGNED')
            ORDER BY r.id LIMIT p_limit - ended FOR UPDATE OF r
        LOOP
            PERFORM end_run(live, 'CANCELLED', NULL, left_over.actor);
            ended := ended + 1;
        END LOOP;
        UPDATE run_cancellation c SET cancelled = c.cancelled + ended - before
        WHERE c.tenant_id = left_over.tenant_id AND c.scenario_id = left_over.scenario_id;
        EXIT WHEN ended >= p_limit;
        DELETE FROM run_cancellation c WHERE c.tenant_id = left_over.tenant_id AND c.scenario_id = left_over.scenario_id;
        -- Its other runs stood behind those in the line.
        PERFORM wake_runs(left_over.tenant_id, left_over.scenario_id::text);
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
