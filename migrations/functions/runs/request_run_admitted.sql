-- request_run behind admit_request, so that asking for a run stays one round trip. Refused, it asks for nothing.
CREATE OR REPLACE FUNCTION request_run_admitted(
    p_rules text[],
    p_tenant text, p_run uuid, p_scenario uuid, p_options jsonb, p_actor text, p_correlation_id text, p_traceparent text
) RETURNS admitted_run
    LANGUAGE plpgsql AS $$
DECLARE
    result admitted_run;
BEGIN
    result.admission := admit_request(p_tenant, p_rules);
    IF (result.admission).admitted THEN
        result.requested := request_run(p_tenant, p_run, p_scenario, p_options, p_actor, p_correlation_id, p_traceparent);
    END IF;
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION request_run_admitted(text[],text,uuid,uuid,jsonb,text,text,text) TO sextant_app, sextant_platform;
