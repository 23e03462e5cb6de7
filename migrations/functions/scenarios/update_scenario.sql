-- Change a scenario; NULL leaves a field as it is. `outcome` is CHANGED, UNCHANGED (a change that changes nothing makes no
-- version), NOT_FOUND or VERSION_CONFLICT.
CREATE OR REPLACE FUNCTION update_scenario(
    p_tenant text, p_scenario uuid, p_expected_version integer, p_name text, p_description text, p_status text,
    p_assumptions text, p_parameters text, p_tags text[], p_actor text, p_correlation_id text
) RETURNS changed_scenario
    LANGUAGE plpgsql AS $$
DECLARE
    result  changed_scenario;
    current scenario;
    next    scenario;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO current FROM scenario s
    WHERE s.tenant_id = p_tenant AND s.id = p_scenario AND s.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        result.outcome := 'NOT_FOUND';
        RETURN result;
    END IF;
    result.scenario := current;
    IF p_expected_version <> current.version THEN
        result.outcome := 'VERSION_CONFLICT';
        RETURN result;
    END IF;
    next := current;
    next.name := coalesce(p_name, current.name);
    next.description := coalesce(p_description, current.description);
    next.status := coalesce(p_status, current.status);
    next.assumptions := coalesce(p_assumptions, current.assumptions);
    next.parameters := coalesce(p_parameters, current.parameters);
    next.tags := coalesce(p_tags, current.tags);
    IF next IS NOT DISTINCT FROM current THEN
        result.outcome := 'UNCHANGED';
        RETURN result;
    END IF;
    result.scenario := advance_scenario(current, next, p_actor, p_correlation_id, 'SCENARIO_UPDATED', jsonb_build_object(
        'changed', (SELECT jsonb_agg(n.key ORDER BY n.key) FROM jsonb_each(to_jsonb(next)) n
                    WHERE n.value IS DISTINCT FROM to_jsonb(current) -> n.key)));
    result.outcome := 'CHANGED';
    RETURN result;
END
$$;
