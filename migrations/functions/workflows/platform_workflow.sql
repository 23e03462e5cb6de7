-- The workflow that the platform's own runs belong to, made when it is first needed.
CREATE OR REPLACE FUNCTION platform_workflow(p_tenant text) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    workflow_id uuid;
BEGIN
    SELECT w.id INTO workflow_id FROM workflow w WHERE w.tenant_id = p_tenant AND w.name_key = 'scenario-runs' AND w.deleted_at IS NULL;
    IF FOUND THEN
        RETURN workflow_id;
    END IF;
    INSERT INTO workflow (tenant_id, id, name, description, created_by, updated_by)
    VALUES (p_tenant, outbox_event_id(), 'scenario-runs', 'The runs of the tenant''s scenarios', 'platform', 'platform')
    ON CONFLICT (tenant_id, name_key) WHERE deleted_at IS NULL DO NOTHING;
    SELECT w.id INTO STRICT workflow_id FROM workflow w WHERE w.tenant_id = p_tenant AND w.name_key = 'scenario-runs' AND w.deleted_at IS NULL;
    RETURN workflow_id;
END
$$;
GRANT EXECUTE ON FUNCTION platform_workflow(text) TO sextant_app, sextant_platform;
