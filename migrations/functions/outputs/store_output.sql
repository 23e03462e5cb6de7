-- Hand in a run's data file. False when the caller's fencing token is stale or the run no longer runs: its
-- file is then an orphan. After this the run holds no lease; it waits for the commit and cannot be claimed.
CREATE OR REPLACE FUNCTION store_output(
    p_tenant text, p_run uuid, p_fencing_token bigint, p_descriptor jsonb, p_metrics jsonb, p_result jsonb,
    p_row_count bigint, p_byte_count bigint, p_gb_seconds double precision
) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    held scenario_run;
BEGIN
    SELECT * INTO held FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.id = p_run AND r.state = 'RUNNING' AND r.fencing_token = p_fencing_token FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- The roll-up is written for the runs of a whole batch at once. What it could not hold must fail here, alone.
    IF NOT roll_up_is_readable(p_metrics) THEN
        RAISE EXCEPTION 'the roll-up cannot hold one of the metrics' USING ERRCODE = 'check_violation', CONSTRAINT = 'output_file_metrics_check';
    END IF;
    INSERT INTO output_file (tenant_id, run_id, scenario_id, fencing_token, descriptor, metrics, result, row_count, byte_count)
    VALUES (p_tenant, p_run, held.scenario_id, p_fencing_token, p_descriptor, p_metrics, p_result, p_row_count, p_byte_count)
    ON CONFLICT DO NOTHING;
    UPDATE scenario_run r SET
        lease_until = NULL, progress_percent = 99, gb_seconds = r.gb_seconds + p_gb_seconds,
        output_rows = p_row_count, output_bytes = p_byte_count, updated_at = clock_timestamp()
    WHERE r.tenant_id = p_tenant AND r.id = p_run;
    PERFORM wake_next_run(held);
    UPDATE run_attempt a SET outcome = 'SUCCEEDED', ended_at = clock_timestamp()
    WHERE a.tenant_id = p_tenant AND a.run_id = p_run AND a.fencing_token = p_fencing_token;
    RETURN true;
END
$$;
GRANT EXECUTE ON FUNCTION store_output(text,uuid,bigint,jsonb,jsonb,jsonb,bigint,bigint,double precision) TO sextant_platform;
