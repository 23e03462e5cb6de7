-- End a run as TIMEOUT where it has been running for longer than it may; whether it did. The caller holds the row's lock.
CREATE OR REPLACE FUNCTION end_overdue_run(p_run scenario_run) RETURNS boolean
    LANGUAGE plpgsql AS $$
BEGIN
    IF p_run.started_at + make_interval(mins => p_run.timeout_minutes) < clock_timestamp() THEN
        PERFORM end_run(p_run, 'TIMEOUT', jsonb_build_object('code', 'run_timeout', 'message',
            format('the run exceeded its %s minutes', p_run.timeout_minutes)), 'recovery');
        RETURN true;
    END IF;
    RETURN false;
END
$$;
GRANT EXECUTE ON FUNCTION end_overdue_run(scenario_run) TO sextant_platform;
