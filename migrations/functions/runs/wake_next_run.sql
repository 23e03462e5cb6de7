-- A tenant at its limit has given a place free: a message for the run that is next, since those that came
-- while there was no room are spent.
CREATE OR REPLACE FUNCTION wake_next_run(p_freed scenario_run) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    waiting scenario_run;
BEGIN
    IF runs_in_work(p_freed.tenant_id) < run_limit(p_freed.tenant_id) - 1 THEN
        RETURN;
    END IF;
    SELECT * INTO waiting FROM scenario_run r
    WHERE r.tenant_id = p_freed.tenant_id AND r.state = 'QUEUED' AND r.available_at <= clock_timestamp() AND r.id <> p_freed.id
    ORDER BY r.claim_order, r.id LIMIT 1;
    IF FOUND THEN
        PERFORM outbox_enqueue(
            waiting.tenant_id, 'run.requested', format('run:%s:after:%s:%s', waiting.id, p_freed.id, p_freed.fencing_token),
            jsonb_build_object('run_id', waiting.id, 'tenant_id', waiting.tenant_id, 'scenario_id', waiting.scenario_id),
            jsonb_build_object('correlation-id', waiting.correlation_id), p_refusable => false);
    END IF;
END
$$;
