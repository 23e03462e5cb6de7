-- request_run behind admit_request, so that asking for a run stays one round trip. Refused, it asks for nothing.
CREATE OR REPLACE FUNCTION request_run_admitted(
    p_rules text[],
    p_tenant text, p_run uuid, p_scenario uuid, p_parameters text, p_code_version text, p_environment text,
    p_seed bigint, p_priority text, p_timeout_minutes integer, p_max_retries integer, p_idempotency_key text,
    p_request_hash text, p_actor text, p_correlation_id text, p_traceparent text
) RETURNS admitted_run
    LANGUAGE plpgsql AS $$
DECLARE
    result admitted_run;
BEGIN
    result.admission := admit_request(p_tenant, p_rules);
    IF (result.admission).admitted THEN
        result.requested := request_run(
            p_tenant, p_run, p_scenario, p_parameters, p_code_version, p_environment, p_seed, p_priority, p_timeout_minutes,
            p_max_retries, p_idempotency_key, p_request_hash, p_actor, p_correlation_id, p_traceparent);
    END IF;
    RETURN result;
END
$$;
