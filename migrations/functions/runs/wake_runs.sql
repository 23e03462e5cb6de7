-- Messages for as many of the tenant's waiting runs as there is room for: call it when more may start than before. The
-- ones sent while they could not start are spent. How many were woken.
CREATE OR REPLACE FUNCTION wake_runs(p_tenant text, p_cause text) RETURNS integer
    LANGUAGE sql AS $$
    SELECT count(outbox_enqueue(
        w.tenant_id, 'run.requested', format('run:%s:woken:%s', w.id, p_cause),
        jsonb_build_object('run_id', w.id, 'tenant_id', w.tenant_id, 'scenario_id', w.scenario_id),
        jsonb_build_object('correlation-id', w.correlation_id), p_refusable => false))::integer
    FROM (SELECT * FROM scenario_run r
          WHERE r.tenant_id = p_tenant AND r.state = 'QUEUED' AND r.available_at <= clock_timestamp()
          ORDER BY r.claim_order, r.id LIMIT greatest(run_limit(p_tenant) - runs_in_work(p_tenant), 0)) AS w
$$;
