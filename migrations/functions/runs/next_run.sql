-- The run that is next: of the tenants with work and room the one with the fewest in work, and of its runs the first in
-- the line. NULL says that no run of any tenant can start now. Call it under the lock of claims.
--
-- `p_first` is looked at first, and then the tenants behind it in a ring, 64 at a time; those in `p_without` are passed over.
-- The walk ends with the first 64 of whom one can start a run, and only where none can does it go on: tenants that are
-- held, at their limit or without a due run stop nobody, and a crowd that can run costs a claim no more than 64.
CREATE OR REPLACE FUNCTION next_run(p_first text, p_without text[] DEFAULT '{}') RETURNS scenario_run
    LANGUAGE plpgsql
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan SET jit = off
    AS $$
DECLARE
    moment  timestamptz := clock_timestamp();
    best    scenario_run;
    tenants text[] := ARRAY[p_first];
    after   text := p_first;
    wrapped boolean := false;
    seen    integer;
BEGIN
    LOOP
        -- Along the index, tenant by tenant: a backlog of one costs the others nothing. Behind the last comes the first.
        WITH RECURSIVE walk AS (
            SELECT after AS tenant, wrapped AS low, 0 AS turn
            UNION ALL
            SELECT n.tenant, n.low, w.turn + 1
            FROM walk w
            CROSS JOIN LATERAL (SELECT (SELECT r.tenant_id FROM scenario_run r
                WHERE r.state = 'QUEUED' AND r.tenant_id > w.tenant ORDER BY r.tenant_id LIMIT 1) AS tenant) AS up
            CROSS JOIN LATERAL (SELECT coalesce(up.tenant, (SELECT r.tenant_id FROM scenario_run r
                WHERE r.state = 'QUEUED' ORDER BY r.tenant_id LIMIT 1)) AS tenant, w.low OR up.tenant IS NULL AS low) AS n
            WHERE w.turn < 64 AND NOT (w.low AND up.tenant IS NULL) AND NOT (n.low AND n.tenant >= p_first)
        )
        SELECT tenants || coalesce(array_agg(w.tenant ORDER BY w.turn) FILTER (WHERE w.turn > 0), '{}'), bool_or(w.low), max(w.turn)
        INTO tenants, wrapped, seen FROM walk w;

        SELECT (head.run).* INTO best
        FROM unnest(tenants) AS t(tenant)
        CROSS JOIN LATERAL (
            SELECT r AS run FROM scenario_run r
            WHERE r.tenant_id = t.tenant AND r.state = 'QUEUED' AND r.available_at <= moment
            ORDER BY r.claim_order, r.id LIMIT 1
        ) AS head
        CROSS JOIN LATERAL (SELECT runs_in_work(t.tenant) AS runs) AS busy
        WHERE t.tenant <> ALL (p_without) AND busy.runs < run_limit(t.tenant) AND run_admission(t.tenant) IS NULL
        ORDER BY busy.runs, (head.run).claim_order, (head.run).id LIMIT 1;
        IF FOUND THEN
            RETURN best;
        END IF;

        EXIT WHEN seen < 64;
        after := tenants[cardinality(tenants)];
        tenants := '{}';
    END LOOP;
    RETURN NULL;
END
$$;
GRANT EXECUTE ON FUNCTION next_run(text,text[]) TO sextant_platform;
