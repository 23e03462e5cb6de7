-- Whether the newest values that came with a run's file can be kept (`metric_latest`). That is done for the runs of a whole batch
-- at once, so what could not be kept must be found before: when it is stored, when the batch is opened, and when it is closed.
CREATE OR REPLACE FUNCTION roll_up_is_readable(p_metrics jsonb) RETURNS boolean
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM jsonb_populate_recordset(NULL::metric_latest, p_metrics) AS x
        WHERE num_nulls(x.metric, x.tags_key, x.tags, x.asof_date, x.value, x.unit) > 0
           OR num_nonnulls(x.tenant_id, x.scenario_id, x.run_id, x.computed_at) > 0
           OR octet_length(x.metric) + octet_length(x.tags_key) > 2000
    );
EXCEPTION WHEN data_exception THEN
    RETURN false;
END
$$;
GRANT EXECUTE ON FUNCTION roll_up_is_readable(jsonb) TO sextant_platform;
