-- Something may start again, of one tenant or ('*') of all. Runs that were asked for meanwhile lost their message, and
-- retries that were put off wait for their time: ask for them now. Harmless for those that still may not start, they go
-- on waiting. How many runs were asked for.
--
-- However many wait, no more than some thousand messages are sent: as many as could be in work at once, of each tenant at
-- least one. The other runs follow them (wake_next_run); the other retries come when they are due.
CREATE OR REPLACE FUNCTION resume_runs(p_tenant text) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    cause   text := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    tenants text[] := ARRAY[p_tenant];
    runs    integer;
    woken   action;
BEGIN
    IF p_tenant = '*' THEN
        WITH RECURSIVE walk AS (
            SELECT (SELECT r.tenant_id FROM scenario_run r WHERE r.state = 'QUEUED' ORDER BY r.tenant_id LIMIT 1) AS tenant
            UNION ALL
            SELECT (SELECT r.tenant_id FROM scenario_run r WHERE r.state = 'QUEUED' AND r.tenant_id > w.tenant ORDER BY r.tenant_id LIMIT 1)
            FROM walk w WHERE w.tenant IS NOT NULL
        )
        SELECT array_agg(w.tenant) INTO tenants FROM walk w WHERE w.tenant IS NOT NULL;
    END IF;
    SELECT coalesce(sum(wake_runs(t.tenant, cause, greatest(1, least(1000, 3000 / cardinality(tenants))))), 0) INTO runs
    FROM unnest(tenants) AS t(tenant);
    FOR woken IN
        UPDATE action a SET due_at = clock_timestamp(), postponed = a.postponed + 1
        FROM (SELECT w.tenant_id, w.id FROM action w
              WHERE w.state = 'PENDING' AND w.waits_for ->> 'reason' = 'kill_switch' AND (p_tenant = '*' OR w.tenant_id = p_tenant)
              ORDER BY w.due_at LIMIT 1000) AS first
        WHERE a.tenant_id = first.tenant_id AND a.id = first.id
        RETURNING a.*
    LOOP
        PERFORM outbox_enqueue(
            woken.tenant_id, 'action.requested', format('action:%s:%s', woken.id, woken.postponed),
            jsonb_build_object('tenant_id', woken.tenant_id, 'action_id', woken.id),
            jsonb_build_object('correlation-id', woken.correlation_id), p_refusable => false);
    END LOOP;
    RETURN runs;
END
$$;
GRANT EXECUTE ON FUNCTION resume_runs(text) TO sextant_app, sextant_platform;
