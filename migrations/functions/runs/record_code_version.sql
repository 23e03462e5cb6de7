-- Record of a run that the caller holds by which code it is computed, where the request was for another (a release came
-- between). Its hash follows, so that equal requests of today find it; unless a run of today has that hash already. NULL
-- when the fencing token is stale.
CREATE OR REPLACE FUNCTION record_code_version(p_tenant text, p_run uuid, p_fencing_token bigint, p_code_version text) RETURNS scenario_run
    LANGUAGE plpgsql AS $$
DECLARE
    held scenario_run;
    today text;
BEGIN
    SELECT * INTO held FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.id = p_run AND r.state = 'RUNNING' AND r.fencing_token = p_fencing_token FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    today := held.version_hash;
    -- A part is told apart by its parent and place.
    IF held.parent_run_id IS NULL THEN
        SELECT run_version_hash(p_tenant, held.scenario_id, held.scenario_version, v.assumptions, held.parameters,
                                held.environment, p_code_version, held.seed) INTO STRICT today
        FROM scenario_version v WHERE v.tenant_id = p_tenant AND v.id = held.scenario_id AND v.version = held.scenario_version;
    END IF;
    BEGIN
        UPDATE scenario_run r SET code_version = p_code_version, version_hash = today, updated_at = clock_timestamp()
        WHERE r.tenant_id = p_tenant AND r.id = p_run RETURNING * INTO held;
    EXCEPTION WHEN unique_violation THEN
        UPDATE scenario_run r SET code_version = p_code_version, updated_at = clock_timestamp()
        WHERE r.tenant_id = p_tenant AND r.id = p_run RETURNING * INTO held;
    END;
    RETURN held;
END
$$;
GRANT EXECUTE ON FUNCTION record_code_version(text,uuid,bigint,text) TO sextant_platform;
