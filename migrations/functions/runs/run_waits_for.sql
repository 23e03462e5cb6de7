-- For what a queued run waits, as a JSON object; NULL where it is not queued. It looks where a claim looks. `kind` is TENANT,
-- SWITCH, WORKFLOW, RETRY, LIMIT or TURN; `place` is its place in its tenant's line, counted to 10,000.
CREATE OR REPLACE FUNCTION run_waits_for(p_tenant text, p_run uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    held     scenario_run;
    obstacle jsonb := run_admission(p_tenant);
    in_work  integer := runs_in_work(p_tenant);
    most     integer := run_limit(p_tenant);
    place    integer;
BEGIN
    SELECT * INTO held FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run AND r.state = 'QUEUED';
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT count(*) INTO place FROM (
        SELECT FROM scenario_run r
        WHERE r.tenant_id = p_tenant AND r.state = 'QUEUED' AND (r.claim_order, r.id) <= (held.claim_order, held.id) LIMIT 10000
    ) AS line;
    RETURN jsonb_build_object('place', place) || CASE
        WHEN obstacle ->> 'switch_id' IS NOT NULL OR obstacle ->> 'scope' = 'UNKNOWN' THEN obstacle || '{"kind": "SWITCH"}'
        WHEN obstacle IS NOT NULL THEN obstacle || jsonb_build_object('kind', obstacle ->> 'scope')
        WHEN held.available_at > clock_timestamp() THEN jsonb_build_object(
            'kind', 'RETRY', 'until', held.available_at, 'reason', 'its last attempt failed, and the next waits for its time')
        WHEN in_work >= most THEN jsonb_build_object('kind', 'LIMIT', 'max_running', most, 'in_work', in_work, 'reason', format(
            '%s of the tenant''s runs are in work, and its limit is %s (setting concurrency/runs)', in_work, most))
        ELSE jsonb_build_object('kind', 'TURN', 'reason', 'the next free worker takes the first in the line') END;
END
$$;
GRANT EXECUTE ON FUNCTION run_waits_for(text,uuid) TO sextant_app, sextant_platform;
