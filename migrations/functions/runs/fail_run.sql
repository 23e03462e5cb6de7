-- A worker's attempt failed. With `p_retry_after` and attempts left the run goes back to the queue, to be taken no
-- sooner than that, else it ends in `p_state` (FAILED or TIMEOUT). NULL when the caller's fencing token is stale.
CREATE OR REPLACE FUNCTION fail_run(
    p_tenant text, p_run uuid, p_fencing_token bigint, p_state text, p_error jsonb, p_retry_after interval,
    p_gb_seconds double precision, p_actor text
) RETURNS scenario_run
    LANGUAGE plpgsql AS $$
DECLARE
    held scenario_run;
BEGIN
    UPDATE scenario_run r SET gb_seconds = r.gb_seconds + p_gb_seconds
    WHERE r.tenant_id = p_tenant AND r.id = p_run AND r.state = 'RUNNING' AND r.fencing_token = p_fencing_token
      AND NOT EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.run_id = p_run AND f.state <> 'DISCARDED')
    RETURNING * INTO held;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF p_retry_after IS NOT NULL AND held.attempt <= held.max_retries THEN
        RETURN requeue_run(held, p_error, 'FAILED', p_retry_after, p_actor);
    END IF;
    RETURN end_run(held, p_state, p_error, p_actor);
END
$$;
GRANT EXECUTE ON FUNCTION fail_run(text,uuid,bigint,text,jsonb,interval,double precision,text) TO sextant_platform;
