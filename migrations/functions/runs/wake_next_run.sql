-- A run has left its place in work: a message for the tenant's run that is next. One that waits has lost its own message
-- when that came while there was no room, or when many were held and woken by few messages; whether it has cannot be
-- known, and one message too many finds nothing and is spent.
CREATE OR REPLACE FUNCTION wake_next_run(p_freed scenario_run) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    waiting scenario_run;
BEGIN
    SELECT * INTO waiting FROM scenario_run r
    WHERE r.tenant_id = p_freed.tenant_id AND r.state = 'QUEUED' AND r.available_at <= clock_timestamp() AND r.id <> p_freed.id
    ORDER BY r.claim_order, r.id LIMIT 1;
    IF FOUND AND runs_in_work(p_freed.tenant_id) < run_limit(p_freed.tenant_id) THEN
        PERFORM outbox_enqueue(
            waiting.tenant_id, 'run.requested', format('run:%s:after:%s:%s', waiting.id, p_freed.id, p_freed.fencing_token),
            jsonb_build_object('run_id', waiting.id, 'tenant_id', waiting.tenant_id, 'scenario_id', waiting.scenario_id),
            jsonb_build_object('correlation-id', waiting.correlation_id), p_refusable => false);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION wake_next_run(scenario_run) TO sextant_app, sextant_platform;
