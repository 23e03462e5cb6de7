-- Ask again for runs that ended without a result: the same version of the scenario, the same inputs, a new run.
-- `skipped` counts those whose equal lives or succeeded meanwhile and those of deleted scenarios.
CREATE OR REPLACE FUNCTION replay_runs(
    p_tenant text, p_runs uuid[], p_actor text, p_correlation_id text, p_traceparent text,
    OUT runs uuid[], OUT skipped integer, OUT refusal jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    held   scenario_run;
    queued scenario_run;
BEGIN
    runs := '{}';
    skipped := 0;
    refusal := run_admission(p_tenant);
    IF refusal IS NOT NULL THEN
        RETURN;
    END IF;
    FOR held IN
        SELECT r.* FROM scenario_run r JOIN scenario s ON s.tenant_id = r.tenant_id AND s.id = r.scenario_id AND s.deleted_at IS NULL
        WHERE r.tenant_id = p_tenant AND r.id = ANY (p_runs) AND r.state IN ('FAILED', 'TIMEOUT', 'CANCELLED')
        ORDER BY r.id FOR SHARE OF s
    LOOP
        queued := held;
        queued.id := outbox_event_id();
        queued.idempotency_key := NULL;
        queued.correlation_id := p_correlation_id;
        queued.created_by := p_actor;
        queued := queue_run(queued, p_traceparent, jsonb_build_object('replay_of', held.id));
        IF queued.id IS NOT NULL THEN
            runs := runs || queued.id;
        END IF;
    END LOOP;
    skipped := cardinality(p_runs) - cardinality(runs);
END
$$;
GRANT EXECUTE ON FUNCTION replay_runs(text,uuid[],text,text,text) TO sextant_app, sextant_platform;
