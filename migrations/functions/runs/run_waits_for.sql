-- For what runs wait, as a JSON object each; one that is not queued is not among them. It looks where a claim looks. `kind` is
-- TENANT, SWITCH, WORKFLOW, RETRY, LIMIT or TURN; `place` is its place in its tenant's line, counted to 10,000.
CREATE OR REPLACE FUNCTION run_waits_for(p_tenant text, p_runs uuid[]) RETURNS TABLE (run_id uuid, waits_for jsonb)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    obstacle jsonb;
    in_work  integer;
    most     integer;
BEGIN
    IF NOT EXISTS (SELECT FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = ANY (p_runs) AND r.state = 'QUEUED') THEN
        RETURN;
    END IF;
    obstacle := run_admission(p_tenant);
    in_work := runs_in_work(p_tenant);
    most := run_limit(p_tenant);
    RETURN QUERY
    -- The line is walked once, however many runs are asked about, and only as far as a place is counted.
    WITH line AS (
        SELECT first.id, row_number() OVER (ORDER BY first.claim_order, first.id) AS place FROM (
            SELECT r.id, r.claim_order FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.state = 'QUEUED'
            ORDER BY r.claim_order, r.id LIMIT 10000
        ) AS first
    )
    SELECT held.id, jsonb_build_object('place', coalesce(line.place, 10000)) || CASE
        WHEN obstacle ->> 'switch_id' IS NOT NULL OR obstacle ->> 'scope' = 'UNKNOWN' THEN obstacle || '{"kind": "SWITCH"}'
        WHEN obstacle IS NOT NULL THEN obstacle || jsonb_build_object('kind', obstacle ->> 'scope')
        WHEN held.available_at > clock_timestamp() THEN jsonb_build_object(
            'kind', 'RETRY', 'until', held.available_at, 'reason', 'its last attempt failed, and the next waits for its time')
        WHEN in_work >= most THEN jsonb_build_object('kind', 'LIMIT', 'max_running', most, 'in_work', in_work, 'reason', format(
            '%s of the tenant''s runs are in work, and its limit is %s (setting concurrency/runs)', in_work, most))
        ELSE jsonb_build_object('kind', 'TURN', 'reason', 'the next free worker takes the first in the line') END
    FROM scenario_run held LEFT JOIN line ON line.id = held.id
    WHERE held.tenant_id = p_tenant AND held.id = ANY (p_runs) AND held.state = 'QUEUED';
END
$$;
GRANT EXECUTE ON FUNCTION run_waits_for(text,uuid[]) TO sextant_app, sextant_platform;
