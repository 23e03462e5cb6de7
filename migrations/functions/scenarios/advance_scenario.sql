-- Put the next version of a scenario in the place of `p_current`, and close that one's time. The caller holds the
-- row's lock. `p_next` carries the new values; version and times are set here.
CREATE OR REPLACE FUNCTION advance_scenario(p_current scenario, p_next scenario, p_actor text, p_correlation_id text, p_event text, p_data jsonb)
    RETURNS scenario
    LANGUAGE plpgsql AS $$
DECLARE
    stored scenario;
    moment timestamptz := greatest(clock_timestamp(), p_current.updated_at + interval '1 microsecond');
BEGIN
    UPDATE scenario_version v SET valid = tstzrange(lower(v.valid), moment)
    WHERE v.tenant_id = p_current.tenant_id AND v.id = p_current.id AND v.version = p_current.version;
    UPDATE scenario s SET
        name = p_next.name, description = p_next.description, status = p_next.status, assumptions = p_next.assumptions,
        parameters = p_next.parameters, tags = p_next.tags, deleted_at = p_next.deleted_at,
        version = s.version + 1, updated_at = moment, updated_by = p_actor
    WHERE s.tenant_id = p_current.tenant_id AND s.id = p_current.id
    RETURNING * INTO stored;
    INSERT INTO scenario_version (tenant_id, id, version, valid, name, description, status, assumptions, parameters, tags, deleted_at, changed_by)
    VALUES (stored.tenant_id, stored.id, stored.version, tstzrange(moment, NULL), stored.name, stored.description, stored.status,
            stored.assumptions, stored.parameters, stored.tags, stored.deleted_at, p_actor);
    INSERT INTO scenario_event (tenant_id, scenario_id, event_type, actor, correlation_id, data)
    VALUES (stored.tenant_id, stored.id, p_event, p_actor, p_correlation_id, p_data || jsonb_build_object('version', stored.version));
    RETURN stored;
END
$$;
