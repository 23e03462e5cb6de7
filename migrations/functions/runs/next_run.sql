-- The run that is next: of the tenants with work and room, beginning behind `p_after`, the one with the fewest in
-- work; of its runs the first in the line. NULL when there is none. Call it under the lock of claims.
CREATE OR REPLACE FUNCTION next_run(p_after text) RETURNS scenario_run
    LANGUAGE plpgsql
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan SET jit = off
    AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    tenant text := p_after;
    first  text;
    head   scenario_run;
    best   scenario_run;
    busy   integer;
    least  integer;
BEGIN
    -- A walk along the index, tenant by tenant: a backlog of one costs the others nothing.
    FOR turn IN 1..64 LOOP
        SELECT r.tenant_id INTO tenant FROM scenario_run r
        WHERE r.state = 'QUEUED' AND r.tenant_id > tenant ORDER BY r.tenant_id LIMIT 1;
        IF tenant IS NULL THEN
            SELECT r.tenant_id INTO tenant FROM scenario_run r WHERE r.state = 'QUEUED' ORDER BY r.tenant_id LIMIT 1;
        END IF;
        EXIT WHEN tenant IS NULL OR tenant = first;
        first := coalesce(first, tenant);
        SELECT * INTO head FROM scenario_run r
        WHERE r.tenant_id = tenant AND r.state = 'QUEUED' AND r.available_at <= moment
        ORDER BY r.claim_order, r.id LIMIT 1;
        CONTINUE WHEN NOT FOUND OR run_admission(tenant) IS NOT NULL;
        busy := runs_in_work(tenant);
        CONTINUE WHEN busy >= run_limit(tenant);
        IF best.id IS NULL OR busy < least OR (busy = least AND head.claim_order < best.claim_order) THEN
            best := head;
            least := busy;
        END IF;
    END LOOP;
    RETURN best;
END
$$;
