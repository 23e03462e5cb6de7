-- Messages for as many of the tenant's waiting runs as there is room for, `p_most` at most: call it when more may start than
-- before. The ones sent while they could not start are spent. Those that wait behind them need none: each run that leaves
-- its place wakes the next (wake_next_run). How many were woken.
CREATE OR REPLACE FUNCTION wake_runs(p_tenant text, p_cause text, p_most integer DEFAULT 1000) RETURNS integer
    LANGUAGE sql AS $$
    SELECT count(e.id)::integer
    FROM (
        SELECT array_agg('run.requested'::text) AS topics, array_agg(format('run:%s:woken:%s', w.id, p_cause)) AS keys,
               array_agg(jsonb_build_object('run_id', w.id, 'tenant_id', w.tenant_id, 'scenario_id', w.scenario_id)) AS payloads,
               array_agg(jsonb_build_object('correlation-id', w.correlation_id)) AS headers
        FROM (SELECT * FROM scenario_run r
              WHERE r.tenant_id = p_tenant AND r.state = 'QUEUED' AND r.available_at <= clock_timestamp()
              ORDER BY r.claim_order, r.id
              LIMIT least(greatest(run_limit(p_tenant) - runs_in_work(p_tenant), 0), p_most)) AS w
        HAVING count(*) > 0
    ) AS woken
    CROSS JOIN LATERAL outbox_enqueue_many(p_tenant, woken.topics, woken.keys, woken.payloads, woken.headers, p_refusable => false) AS e(id)
$$;
GRANT EXECUTE ON FUNCTION wake_runs(text,text,integer) TO sextant_app, sextant_platform;
