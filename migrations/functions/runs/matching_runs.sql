-- The ids of a tenant's runs that fit, in no order: who counts them reads them in the table's. NULL does not narrow.
CREATE OR REPLACE FUNCTION matching_runs(
    p_tenant text, p_states text[], p_scenario uuid, p_priority text, p_after timestamptz, p_before timestamptz
) RETURNS TABLE (id uuid)
    LANGUAGE sql STABLE AS $$
    SELECT r.id FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.state = ANY (p_states) AND r.parent_run_id IS NULL
      AND (p_scenario IS NULL OR r.scenario_id = p_scenario)
      AND (p_priority IS NULL OR r.priority = p_priority)
      AND (p_after IS NULL OR r.created_at >= p_after)
      AND (p_before IS NULL OR r.created_at < p_before)
$$;
GRANT EXECUTE ON FUNCTION matching_runs(text,text[],uuid,text,timestamp with time zone,timestamp with time zone) TO sextant_app, sextant_platform;
