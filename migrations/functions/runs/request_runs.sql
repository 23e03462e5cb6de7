-- Ask for several runs of one scenario in one transaction: of each its id as `run`, and its options. `reference`, which is the
-- same of all, need stand in the first alone. The answers are in the order of the items.
CREATE OR REPLACE FUNCTION request_runs(
    p_tenant text, p_scenario uuid, p_items jsonb, p_actor text, p_correlation_id text, p_traceparent text
) RETURNS SETOF requested_run
    LANGUAGE plpgsql AS $$
DECLARE
    item      jsonb;
    reference jsonb := p_items -> 0 -> 'reference';
BEGIN
    FOR item IN SELECT value FROM jsonb_array_elements(p_items) LOOP
        RETURN NEXT request_run(
            p_tenant, (item ->> 'run')::uuid, p_scenario, item - 'run' || jsonb_build_object('reference', reference),
            p_actor, p_correlation_id, p_traceparent);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION request_runs(text,uuid,jsonb,text,text,text) TO sextant_app, sextant_platform;
