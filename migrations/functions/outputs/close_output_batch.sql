-- The batch stands in the table under `p_snapshot`: make it so here too, in one transaction. Returns how many
-- runs succeeded by this call; 0 when another committer was first.
CREATE OR REPLACE FUNCTION close_output_batch(p_batch uuid, p_snapshot bigint) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    count integer;
BEGIN
    UPDATE output_batch b SET state = 'COMMITTED', snapshot_id = p_snapshot, committed_at = clock_timestamp()
    WHERE b.id = p_batch AND b.state = 'OPEN';
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    UPDATE output_file f SET state = 'COMMITTED', committed_at = clock_timestamp() WHERE f.batch_id = p_batch;

    UPDATE scenario_run r SET
        state = 'SUCCEEDED', progress_percent = 100, lease_until = NULL, error = NULL,
        completed_at = clock_timestamp(), updated_at = clock_timestamp()
    FROM output_file f
    WHERE f.batch_id = p_batch AND r.tenant_id = f.tenant_id AND r.id = f.run_id AND r.state = 'RUNNING';
    GET DIAGNOSTICS count = ROW_COUNT;

    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    SELECT r.tenant_id, r.scenario_id, r.id, 'RUN_SUCCEEDED', 'committer', r.correlation_id,
           jsonb_build_object('batch_id', p_batch, 'snapshot_id', p_snapshot, 'rows', f.row_count)
    FROM output_file f JOIN scenario_run r ON r.tenant_id = f.tenant_id AND r.id = f.run_id
    WHERE f.batch_id = p_batch;

    -- Of several runs of one scenario in the batch the newest gives the latest values. What only an older run had (a
    -- technology that is gone) is no longer a value of the scenario; a newer run that was committed before keeps its own.
    DELETE FROM metric_latest m USING output_file f
    WHERE f.batch_id = p_batch AND m.tenant_id = f.tenant_id AND m.scenario_id = f.scenario_id AND m.run_id <= f.run_id;
    INSERT INTO metric_latest
    SELECT x.*
    FROM (SELECT DISTINCT ON (f.tenant_id, f.scenario_id) f.* FROM output_file f
          WHERE f.batch_id = p_batch AND roll_up_is_readable(f.metrics)
          ORDER BY f.tenant_id, f.scenario_id, f.run_id DESC) newest,
        jsonb_populate_recordset(
            jsonb_populate_record(NULL::metric_latest, jsonb_build_object(
                'tenant_id', newest.tenant_id, 'scenario_id', newest.scenario_id, 'run_id', newest.run_id,
                'computed_at', newest.created_at)),
            newest.metrics) AS x
    ON CONFLICT DO NOTHING;

    INSERT INTO output_version AS v (tenant_id)
    SELECT DISTINCT f.tenant_id FROM output_file f WHERE f.batch_id = p_batch ORDER BY 1
    ON CONFLICT (tenant_id) DO UPDATE SET version = v.version + 1, updated_at = clock_timestamp();

    PERFORM outbox_enqueue(
        r.tenant_id, 'run.completed', format('run:%s:ended', r.id),
        jsonb_build_object('run_id', r.id, 'tenant_id', r.tenant_id, 'scenario_id', r.scenario_id, 'state', 'SUCCEEDED',
                           'version_hash', r.version_hash, 'snapshot_id', p_snapshot::text, 'rows', f.row_count),
        jsonb_build_object('correlation-id', r.correlation_id), p_refusable => false)
    FROM output_file f JOIN scenario_run r ON r.tenant_id = f.tenant_id AND r.id = f.run_id
    WHERE f.batch_id = p_batch ORDER BY r.tenant_id, r.id;

    PERFORM outbox_enqueue(
        v.tenant_id, 'outputs.invalidated', format('outputs:%s:%s', p_batch, v.tenant_id),
        jsonb_build_object('tenant_id', v.tenant_id, 'output_version', v.version, 'snapshot_id', p_snapshot::text,
                           'scenario_ids', (SELECT jsonb_agg(DISTINCT f.scenario_id) FROM output_file f
                                            WHERE f.batch_id = p_batch AND f.tenant_id = v.tenant_id)),
        '{}'::jsonb, p_refusable => false)
    FROM output_version v
    WHERE v.tenant_id IN (SELECT f.tenant_id FROM output_file f WHERE f.batch_id = p_batch) ORDER BY v.tenant_id;
    RETURN count;
END
$$;
GRANT EXECUTE ON FUNCTION close_output_batch(uuid,bigint) TO sextant_platform;
