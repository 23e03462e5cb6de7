-- Ask for a run. `outcome` is CREATED, EXISTING (an equal run lives or succeeded), REPLAYED (this key, this
-- request), KEY_REUSED (this key, another request), SCENARIO_NOT_FOUND, BASELINE_NOT_FOUND, SCENARIO_ARCHIVED or NOT_ADMITTED (why
-- stands in the run's error).
CREATE OR REPLACE FUNCTION request_run(
    p_tenant text, p_run uuid, p_scenario uuid, p_parameters text, p_code_version text, p_environment text,
    p_seed bigint, p_priority text, p_timeout_minutes integer, p_max_retries integer, p_idempotency_key text,
    p_request_hash text, p_actor text, p_correlation_id text, p_traceparent text
) RETURNS requested_run
    LANGUAGE plpgsql AS $$
DECLARE
    result requested_run;
    target scenario;
    held   scenario_run;
    run    scenario_run;
    merged text;
    hash   text;
    refusal text;
BEGIN
    PERFORM enter_tenant(p_tenant);

    -- FOR SHARE: a scenario that is being deleted at this moment takes no new run.
    SELECT * INTO target FROM scenario s
    WHERE s.tenant_id = p_tenant AND s.id = p_scenario AND s.deleted_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        result.outcome := 'SCENARIO_NOT_FOUND';
        RETURN result;
    END IF;

    merged := pin_parameters(p_tenant, merge_canonical(target.parameters, p_parameters));
    IF merged IS NULL THEN
        result.outcome := 'BASELINE_NOT_FOUND';
        RETURN result;
    END IF;
    hash := run_version_hash(p_tenant, p_scenario, target.version, target.assumptions, merged, p_environment, p_code_version, p_seed);

    -- Twice at most in practice: the run that stood in the way may fail between the insert and the look.
    FOR turn IN 1..5 LOOP
        IF p_idempotency_key IS NOT NULL THEN
            SELECT * INTO held FROM scenario_run r
            WHERE r.tenant_id = p_tenant AND r.idempotency_key = p_idempotency_key;
            IF FOUND THEN
                result.run := held;
                result.outcome := CASE WHEN held.request_hash = p_request_hash THEN 'REPLAYED' ELSE 'KEY_REUSED' END;
                RETURN result;
            END IF;
        END IF;
        SELECT * INTO held FROM scenario_run r
        WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.version_hash = hash
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
        refusal := run_admission(p_tenant);
        IF refusal IS NOT NULL THEN
            result.run.tenant_id := p_tenant;
            result.run.error := refusal::jsonb;
            result.outcome := 'NOT_ADMITTED';
            RETURN result;
        END IF;

        run.tenant_id := p_tenant;
        run.id := p_run;
        run.scenario_id := p_scenario;
        run.scenario_version := target.version;
        run.priority := p_priority;
        run.version_hash := hash;
        run.parameters := merged;
        run.code_version := p_code_version;
        run.environment := p_environment;
        run.seed := p_seed;
        run.timeout_minutes := p_timeout_minutes;
        run.max_retries := p_max_retries;
        run.idempotency_key := p_idempotency_key;
        run.request_hash := p_request_hash;
        run.correlation_id := p_correlation_id;
        run.created_by := p_actor;
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
