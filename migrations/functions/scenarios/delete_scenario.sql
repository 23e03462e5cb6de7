-- Soft-delete a scenario and cancel its live runs. `outcome` is DELETED, NOT_FOUND, VERSION_CONFLICT, or PUBLISHING
-- (a run of it is in an open group commit: in a moment it can be deleted).
CREATE OR REPLACE FUNCTION delete_scenario(
    p_tenant text, p_scenario uuid, p_expected_version integer, p_actor text, p_correlation_id text,
    OUT outcome text, OUT cancelled integer
) LANGUAGE plpgsql AS $$
DECLARE
    target scenario;
    held   scenario_run;
    moment timestamptz;
BEGIN
    PERFORM enter_tenant(p_tenant);
    cancelled := 0;
    -- Excludes request_run, which holds the row FOR SHARE: after this no new run can come.
    SELECT * INTO target FROM scenario s
    WHERE s.tenant_id = p_tenant AND s.id = p_scenario AND s.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        outcome := 'NOT_FOUND';
        RETURN;
    ELSIF p_expected_version IS NOT NULL AND p_expected_version <> target.version THEN
        outcome := 'VERSION_CONFLICT';
        RETURN;
    END IF;
    PERFORM FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.state IN ('QUEUED', 'RUNNING')
    ORDER BY r.id FOR UPDATE;
    -- With every live run locked, none can be assigned to a commit any more; one may have been before.
    IF EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.scenario_id = p_scenario AND f.state = 'ASSIGNED') THEN
        outcome := 'PUBLISHING';
        RETURN;
    END IF;
    FOR held IN
        SELECT r.* FROM scenario_run r
        WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.state IN ('QUEUED', 'RUNNING')
        ORDER BY r.id
    LOOP
        PERFORM end_run(held, 'CANCELLED', NULL, p_actor);
        cancelled := cancelled + 1;
    END LOOP;
    moment := greatest(clock_timestamp(), target.updated_at + interval '1 microsecond');
    UPDATE scenario_version v SET valid = tstzrange(lower(v.valid), moment)
    WHERE v.tenant_id = p_tenant AND v.id = p_scenario AND v.version = target.version;
    UPDATE scenario s SET deleted_at = moment, version = s.version + 1, updated_at = moment, updated_by = p_actor
    WHERE s.tenant_id = p_tenant AND s.id = p_scenario;
    INSERT INTO scenario_version (tenant_id, id, version, valid, name, description, status, assumptions, parameters, tags, deleted_at, changed_by)
    VALUES (p_tenant, p_scenario, target.version + 1, tstzrange(moment, NULL), target.name, target.description, target.status,
            target.assumptions, target.parameters, target.tags, moment, p_actor);
    INSERT INTO scenario_event (tenant_id, scenario_id, event_type, actor, correlation_id, data)
    VALUES (p_tenant, p_scenario, 'SCENARIO_DELETED', p_actor, p_correlation_id, jsonb_build_object('cancelled_runs', cancelled));
    outcome := 'DELETED';
END
$$;
