-- See whether a parent's children are through: queued again for the merge when all succeeded, ended when one did
-- not, else its progress brought up to date. Idempotent, so that whoever ended a child may call it, and the
-- recovery calls it for those who could not. What it found: MERGING, FAILED, TIMEOUT, WAITING or DONE.
CREATE OR REPLACE FUNCTION settle_parent(p_tenant text, p_parent uuid) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    held      scenario_run;
    succeeded integer;
    failed    scenario_run;
BEGIN
    SELECT * INTO held FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.id = p_parent AND r.state = 'RUNNING' AND r.parts IS NOT NULL AND r.lease_until IS NULL
      AND NOT EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.run_id = p_parent) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'DONE';
    END IF;
    SELECT * INTO failed FROM scenario_run c
    WHERE c.tenant_id = p_tenant AND c.parent_run_id = p_parent AND c.state IN ('FAILED', 'TIMEOUT', 'CANCELLED') ORDER BY c.completed_at LIMIT 1;
    IF FOUND THEN
        PERFORM end_run(held, 'FAILED', jsonb_build_object('code', 'part_failed', 'run_id', failed.id, 'part', failed.part,
            'message', format('part %s of %s ended %s', (failed.part ->> 'index')::integer + 1, held.parts, failed.state), 'cause', failed.error), 'recovery');
        RETURN 'FAILED';
    END IF;
    IF end_overdue_run(held) THEN
        RETURN 'TIMEOUT';
    END IF;
    SELECT count(*) INTO succeeded FROM scenario_run c WHERE c.tenant_id = p_tenant AND c.parent_run_id = p_parent AND c.state = 'SUCCEEDED';
    IF succeeded = held.parts THEN
        UPDATE scenario_run r SET progress_percent = 90, gb_seconds = r.gb_seconds + (
            SELECT sum(c.gb_seconds) FROM scenario_run c WHERE c.tenant_id = p_tenant AND c.parent_run_id = p_parent)
        WHERE r.tenant_id = p_tenant AND r.id = p_parent;
        PERFORM requeue_run(held, NULL, NULL, NULL, 'merge');
        RETURN 'MERGING';
    END IF;
    UPDATE scenario_run r SET progress_percent = 90 * succeeded / held.parts, updated_at = clock_timestamp()
    WHERE r.tenant_id = p_tenant AND r.id = p_parent;
    RETURN 'WAITING';
END
$$;
GRANT EXECUTE ON FUNCTION settle_parent(text,uuid) TO sextant_platform;
