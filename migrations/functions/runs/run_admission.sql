-- May a run of this tenant start now? NULL says yes; else a JSON object says why not: {"scope", "reason", …}. request_run
-- and claim_run call it inside their one statement, so that whoever cannot look starts nothing.
CREATE OR REPLACE FUNCTION run_admission(p_tenant text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    flow    workflow;
    refusal text;
BEGIN
    IF EXISTS (SELECT FROM tenant t WHERE t.tenant_id = p_tenant AND NOT (t.active AND t.deleted_at IS NULL)) THEN
        RETURN jsonb_build_object('scope', 'TENANT', 'target', p_tenant, 'reason', 'the tenant is not active')::text;
    END IF;
    SELECT * INTO flow FROM workflow w WHERE w.tenant_id = p_tenant AND w.name_key = 'scenario-runs' AND w.deleted_at IS NULL;
    refusal := kill_switch_over(p_tenant, flow.id, NULL);
    IF refusal IS NULL AND flow.state = 'PAUSED' THEN
        refusal := jsonb_build_object('scope', 'WORKFLOW', 'target', flow.id, 'reason', 'the workflow is paused')::text;
    END IF;
    RETURN refusal;
END
$$;
GRANT EXECUTE ON FUNCTION run_admission(text) TO sextant_app, sextant_platform;
