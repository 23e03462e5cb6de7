-- Cancel some runs of a tenant in one round trip; how many of them are cancelled now.
CREATE OR REPLACE FUNCTION cancel_runs(p_tenant text, p_runs uuid[], p_actor text) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    run       uuid;
    cancelled integer := 0;
BEGIN
    FOREACH run IN ARRAY p_runs LOOP
        cancelled := cancelled + ((cancel_run(p_tenant, run, p_actor)).outcome = 'CANCELLED')::integer;
    END LOOP;
    RETURN cancelled;
END
$$;
GRANT EXECUTE ON FUNCTION cancel_runs(text,uuid[],text) TO sextant_app, sextant_platform;
