-- Whether a cancellation is still to end a run. A deletion's holds only as long as the scenario is deleted.
CREATE OR REPLACE FUNCTION cancellation_covers(p_cancellation run_cancellation, p_run scenario_run) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT (p_run).tenant_id = (p_cancellation).tenant_id AND (p_cancellation).completed_at IS NULL
       AND ((p_cancellation).scenario_id IS NULL OR (p_run).scenario_id = (p_cancellation).scenario_id)
       AND CASE WHEN (p_cancellation).deletion THEN EXISTS (
               SELECT FROM scenario s
               WHERE s.tenant_id = (p_run).tenant_id AND s.id = (p_run).scenario_id AND s.deleted_at IS NOT NULL)
           ELSE (p_run).parent_run_id IS NULL AND (p_run).created_at <= (p_cancellation).requested_at
               AND ((p_cancellation).states IS NULL OR (p_run).state = ANY ((p_cancellation).states))
               AND ((p_cancellation).priority IS NULL OR (p_run).priority = (p_cancellation).priority)
               AND ((p_cancellation).created_after IS NULL OR (p_run).created_at >= (p_cancellation).created_after)
               AND ((p_cancellation).created_before IS NULL OR (p_run).created_at < (p_cancellation).created_before) END
$$;
GRANT EXECUTE ON FUNCTION cancellation_covers(run_cancellation,scenario_run) TO sextant_app, sextant_platform;
