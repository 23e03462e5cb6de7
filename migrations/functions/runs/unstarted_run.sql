-- The run as it is before anything has happened to it: what its request and its scenario decide stays, all else is as the
-- table has it for a new row. An option of a run is therefore named nowhere in these functions.
CREATE OR REPLACE FUNCTION unstarted_run(p_run scenario_run) RETURNS scenario_run
    LANGUAGE plpgsql AS $$
BEGIN
    p_run.state := 'QUEUED';
    p_run.attempt := 0;
    p_run.progress_percent := 0;
    p_run.fencing_token := 0;
    p_run.lease_until := NULL;
    p_run.available_at := '-infinity';
    p_run.error := NULL;
    p_run.gb_seconds := 0;
    p_run.output_rows := NULL;
    p_run.output_bytes := NULL;
    p_run.created_at := now();
    p_run.started_at := NULL;
    p_run.completed_at := NULL;
    p_run.updated_at := now();
    p_run.parent_run_id := NULL;
    p_run.part := NULL;
    p_run.part_location := NULL;
    p_run.parts := NULL;
    RETURN p_run;
END
$$;
GRANT EXECUTE ON FUNCTION unstarted_run(scenario_run) TO sextant_app, sextant_platform;
