-- Something may start again. Runs that were asked for meanwhile lost their message, and retries that were put off wait for
-- their time: ask for both now. Harmless for those that still may not start, they go on waiting. How many runs.
CREATE OR REPLACE FUNCTION resume_runs(p_tenant text) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    runs  integer;
    woken action;
BEGIN
    PERFORM outbox_enqueue(
        r.tenant_id, 'run.requested', format('run:%s:%s:%s', r.id, r.fencing_token, (extract(epoch FROM clock_timestamp()) * 1000)::bigint),
        jsonb_build_object('run_id', r.id, 'tenant_id', r.tenant_id, 'scenario_id', r.scenario_id),
        jsonb_build_object('correlation-id', r.correlation_id), p_refusable => false)
    FROM scenario_run r WHERE r.state = 'QUEUED' AND (p_tenant = '*' OR r.tenant_id = p_tenant);
    GET DIAGNOSTICS runs = ROW_COUNT;
    FOR woken IN
        UPDATE action a SET due_at = clock_timestamp(), postponed = a.postponed + 1
        WHERE a.state = 'PENDING' AND a.waits_for ->> 'reason' = 'kill_switch' AND (p_tenant = '*' OR a.tenant_id = p_tenant)
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
