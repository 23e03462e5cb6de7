-- Ask for a run. `p_options` holds the columns that the request decides, by name. `outcome` is CREATED, EXISTING (an equal
-- run lives or succeeded), REPLAYED (this key, this request), KEY_REUSED (this key, another request), SCENARIO_NOT_FOUND,
-- BASELINE_NOT_FOUND, SCENARIO_ARCHIVED, UNFIT or NOT_ADMITTED (why stands in the run's error).
--
-- `context` is what the asker needs to warn: the assumptions, and of the baseline (of `p_options.reference` where the run names
-- none) years and named units. UNFIT: they may name what the baseline lacks; nothing is stored, and `context` has the whole
-- vocabulary, by which the asker refuses or asks again with `p_options.checked`.
CREATE OR REPLACE FUNCTION request_run(
    p_tenant text, p_run uuid, p_scenario uuid, p_options jsonb, p_actor text, p_correlation_id text, p_traceparent text
) RETURNS requested_run
    LANGUAGE plpgsql AS $$
DECLARE
    result requested_run;
    target scenario;
    held   scenario_run;
    run    scenario_run := jsonb_populate_record(NULL::scenario_run, p_options);
    refusal text;
    vocabulary jsonb := p_options -> 'reference';
    pinned     baseline;
BEGIN
    PERFORM enter_tenant(p_tenant);

    -- FOR SHARE: a scenario that is being deleted at this moment takes no new run.
    SELECT * INTO target FROM scenario s
    WHERE s.tenant_id = p_tenant AND s.id = p_scenario AND s.deleted_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        result.outcome := 'SCENARIO_NOT_FOUND';
        RETURN result;
    END IF;

    run.parameters := pin_parameters(p_tenant, merge_canonical(target.parameters, run.parameters));
    IF run.parameters IS NULL THEN
        result.context := jsonb_build_object(
            'parameters', merge_canonical(target.parameters, p_options ->> 'parameters')::jsonb);
        result.outcome := 'BASELINE_NOT_FOUND';
        RETURN result;
    END IF;
    IF run.parameters::jsonb ? 'baseline' THEN
        pinned := baseline_named(p_tenant, run.parameters::jsonb ->> 'baseline');
        vocabulary := baseline_vocabulary(pinned);
    END IF;
    result.context := jsonb_build_object(
        'assumptions', target.assumptions::jsonb,
        'parameters', run.parameters::jsonb,
        'baseline_since', CASE WHEN pinned.created_at > target.updated_at THEN pinned.created_at END,
        'vocabulary', vocabulary || jsonb_build_object('units', (
            SELECT jsonb_object_agg(unit #>> '{}', vocabulary -> 'units' -> (unit #>> '{}'))
            FROM jsonb_path_query(target.assumptions::jsonb, '$.**.unit') unit WHERE vocabulary -> 'units' ? (unit #>> '{}'))));
    run.tenant_id := p_tenant;
    run.id := p_run;
    run.scenario_id := p_scenario;
    run.scenario_version := target.version;
    run.correlation_id := p_correlation_id;
    run.created_by := p_actor;
    run.version_hash := run_version_hash(
        p_tenant, p_scenario, target.version, target.assumptions, run.parameters, run.environment, run.code_version, run.seed);

    -- Twice at most in practice: the run that stood in the way may fail between the insert and the look.
    FOR turn IN 1..5 LOOP
        IF run.idempotency_key IS NOT NULL THEN
            SELECT * INTO held FROM scenario_run r
            WHERE r.tenant_id = p_tenant AND r.idempotency_key = run.idempotency_key;
            IF FOUND THEN
                result.run := held;
                result.outcome := CASE WHEN held.request_hash = run.request_hash THEN 'REPLAYED' ELSE 'KEY_REUSED' END;
                RETURN result;
            END IF;
        END IF;
        SELECT * INTO held FROM scenario_run r
        WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.version_hash = run.version_hash
          AND r.state IN ('QUEUED', 'RUNNING', 'SUCCEEDED');
        IF FOUND THEN
            result.run := held;
            result.outcome := 'EXISTING';
            RETURN result;
        END IF;
        IF target.status = 'ARCHIVED' THEN
            result.outcome := 'SCENARIO_ARCHIVED';
            RETURN result;
        END IF;
        IF coalesce(run.parameters::jsonb ->> 'model', 'merit_order') = 'merit_order'
           AND NOT coalesce((p_options ->> 'checked')::boolean, false)
           AND NOT scenario_fits(target.assumptions::jsonb, run.parameters::jsonb, vocabulary) THEN
            result.run := run;
            result.context := result.context || jsonb_build_object('vocabulary', vocabulary);
            result.outcome := 'UNFIT';
            RETURN result;
        END IF;
        refusal := run_admission(p_tenant);
        IF refusal IS NOT NULL THEN
            result.run.tenant_id := p_tenant;
            result.run.error := refusal::jsonb;
            result.outcome := 'NOT_ADMITTED';
            RETURN result;
        END IF;

        held := queue_run(run, p_traceparent);
        IF held.id IS NOT NULL THEN
            result.run := held;
            result.outcome := 'CREATED';
            RETURN result;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'run request of scenario % kept colliding', p_scenario USING ERRCODE = 'serialization_failure';
END
$$;
GRANT EXECUTE ON FUNCTION request_run(text,uuid,uuid,jsonb,text,text,text) TO sextant_app, sextant_platform;
