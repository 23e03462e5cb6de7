-- A child's result lies at `p_location`. False when its fencing token is stale.
CREATE OR REPLACE FUNCTION finish_part(p_tenant text, p_run uuid, p_fencing_token bigint, p_location text, p_size bigint, p_gb_seconds double precision)
    RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    done scenario_run;
BEGIN
    UPDATE scenario_run r SET
        state = 'SUCCEEDED', progress_percent = 100, lease_until = NULL, part_location = p_location, output_bytes = p_size,
        gb_seconds = r.gb_seconds + p_gb_seconds, completed_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE r.tenant_id = p_tenant AND r.id = p_run AND r.state = 'RUNNING' AND r.fencing_token = p_fencing_token AND r.part IS NOT NULL
    RETURNING * INTO done;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE run_attempt a SET outcome = 'SUCCEEDED', ended_at = clock_timestamp()
    WHERE a.tenant_id = p_tenant AND a.run_id = p_run AND a.fencing_token = p_fencing_token;
    PERFORM wake_next_run(done);
    RETURN true;
END
$$;
GRANT EXECUTE ON FUNCTION finish_part(text,uuid,bigint,text,bigint,double precision) TO sextant_platform;
