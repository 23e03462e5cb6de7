-- Bring a deleted scenario back, as a version of its own. `outcome` is CHANGED, UNCHANGED (it is not deleted) or NOT_FOUND.
-- Raises on `scenario_tenant_name_unique` when its name has been taken meanwhile.
CREATE OR REPLACE FUNCTION restore_scenario(p_tenant text, p_scenario uuid, p_actor text, p_correlation_id text) RETURNS changed_scenario
    LANGUAGE plpgsql AS $$
DECLARE
    result  changed_scenario;
    current scenario;
    next    scenario;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO current FROM scenario s WHERE s.tenant_id = p_tenant AND s.id = p_scenario FOR UPDATE;
    result.scenario := current;
    IF NOT FOUND THEN
        result.outcome := 'NOT_FOUND';
    ELSIF current.deleted_at IS NULL THEN
        result.outcome := 'UNCHANGED';
    ELSE
        next := current;
        next.deleted_at := NULL;
        result.scenario := advance_scenario(current, next, p_actor, p_correlation_id, 'SCENARIO_RESTORED', '{}');
        result.outcome := 'CHANGED';
    END IF;
    RETURN result;
END
$$;
