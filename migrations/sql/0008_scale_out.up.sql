-- Runs that are computed in parts by several workers. A run may be split into children; each is a run of its own,
-- with its own lease, fencing token, attempts and retries, on the same queue. While they work the parent is RUNNING
-- without a lease. Once all have succeeded it is queued again, and whoever claims it merges their results.
--
-- A parent is always locked before its children.
CREATE INDEX scenario_run_children ON scenario_run (tenant_id, parent_run_id) WHERE parent_run_id IS NOT NULL;
CREATE INDEX scenario_run_split ON scenario_run (started_at) WHERE parts IS NOT NULL AND state = 'RUNNING' AND lease_until IS NULL;

-- Split a run that the caller holds into children, with their messages. False when its fencing token is stale. A run
-- is split once: were it split before, by an attempt that did not come to know of it, its children stay.
CREATE FUNCTION split_run(p_tenant text, p_run uuid, p_fencing_token bigint, p_parts jsonb[], p_gb_seconds double precision, p_actor text)
    RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    held  scenario_run;
    child uuid;
BEGIN
    SELECT * INTO held FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.id = p_run AND r.state = 'RUNNING' AND r.fencing_token = p_fencing_token FOR UPDATE;
    IF NOT FOUND OR held.parts IS NOT NULL THEN
        RETURN held.parts IS NOT NULL;
    END IF;
    FOR turn IN 1..cardinality(p_parts) LOOP
        child := outbox_event_id();
        INSERT INTO scenario_run (
            tenant_id, id, scenario_id, scenario_version, priority, version_hash, parameters, code_version, environment, seed,
            timeout_minutes, max_retries, request_hash, correlation_id, created_by, claim_order, parent_run_id, part)
        VALUES (
            p_tenant, child, held.scenario_id, held.scenario_version, held.priority,
            encode(sha256(convert_to(held.id || ':' || turn, 'UTF8')), 'hex'), held.parameters, held.code_version, held.environment,
            held.seed, held.timeout_minutes, held.max_retries, held.request_hash, held.correlation_id, p_actor, held.claim_order,
            held.id, p_parts[turn] || jsonb_build_object('index', turn - 1));
        PERFORM outbox_enqueue(
            p_tenant, 'run.requested', format('run:%s:0', child),
            jsonb_build_object('run_id', child, 'tenant_id', p_tenant, 'scenario_id', held.scenario_id),
            jsonb_build_object('correlation-id', held.correlation_id), p_refusable => false);
    END LOOP;
    UPDATE run_attempt a SET outcome = 'SUCCEEDED', ended_at = clock_timestamp()
    WHERE a.tenant_id = p_tenant AND a.run_id = p_run AND a.fencing_token = p_fencing_token;
    UPDATE scenario_run r SET parts = cardinality(p_parts), lease_until = NULL, gb_seconds = r.gb_seconds + p_gb_seconds, updated_at = clock_timestamp()
    WHERE r.tenant_id = p_tenant AND r.id = p_run;
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (p_tenant, held.scenario_id, p_run, 'RUN_SPLIT', p_actor, held.correlation_id, jsonb_build_object('parts', cardinality(p_parts)));
    RETURN true;
END
$$;

-- A child's result lies at `p_location`. False when its fencing token is stale.
CREATE FUNCTION finish_part(p_tenant text, p_run uuid, p_fencing_token bigint, p_location text, p_size bigint, p_gb_seconds double precision)
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

-- See whether a parent's children are through: queued again for the merge when all succeeded, ended when one did
-- not, else its progress brought up to date. Idempotent, so that whoever ended a child may call it, and the
-- recovery calls it for those who could not. What it found: MERGING, FAILED, TIMEOUT, WAITING or DONE.
CREATE FUNCTION settle_parent(p_tenant text, p_parent uuid) RETURNS text
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
    IF held.started_at + make_interval(mins => held.timeout_minutes) < clock_timestamp() THEN
        PERFORM end_run(held, 'TIMEOUT', jsonb_build_object('code', 'run_timeout', 'message',
            format('the run exceeded its %s minutes', held.timeout_minutes)), 'recovery');
        RETURN 'TIMEOUT';
    END IF;
    SELECT count(*) INTO succeeded FROM scenario_run c WHERE c.tenant_id = p_tenant AND c.parent_run_id = p_parent AND c.state = 'SUCCEEDED';
    IF succeeded = held.parts THEN
        UPDATE scenario_run r SET gb_seconds = r.gb_seconds + (
            SELECT sum(c.gb_seconds) FROM scenario_run c WHERE c.tenant_id = p_tenant AND c.parent_run_id = p_parent)
        WHERE r.tenant_id = p_tenant AND r.id = p_parent;
        PERFORM requeue_run(held, NULL, 'SUCCEEDED', NULL, 'merge');
        RETURN 'MERGING';
    END IF;
    UPDATE scenario_run r SET progress_percent = 90 * succeeded / held.parts, updated_at = clock_timestamp()
    WHERE r.tenant_id = p_tenant AND r.id = p_parent;
    RETURN 'WAITING';
END
$$;

-- The parents that nobody else would settle: all of those that wait. How many moved on.
CREATE FUNCTION settle_parents(p_limit integer) RETURNS integer
    LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE settle_parent(w.tenant_id, w.id) IN ('MERGING', 'FAILED', 'TIMEOUT'))::integer
    FROM (SELECT r.tenant_id, r.id FROM scenario_run r
          WHERE r.state = 'RUNNING' AND r.parts IS NOT NULL AND r.lease_until IS NULL ORDER BY r.started_at LIMIT p_limit) AS w
$$;

-- Whatever ends a parent without success ends its children.
CREATE FUNCTION end_children() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    child scenario_run;
BEGIN
    FOR child IN
        SELECT * FROM scenario_run r
        WHERE r.tenant_id = NEW.tenant_id AND r.parent_run_id = NEW.id AND r.state IN ('QUEUED', 'RUNNING') ORDER BY r.id FOR UPDATE
    LOOP
        PERFORM end_run(child, 'CANCELLED', jsonb_build_object('code', 'parent_ended', 'message', format('the run it is part of ended %s', NEW.state)), 'parent');
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER end_children AFTER UPDATE OF state ON scenario_run FOR EACH ROW
    WHEN (NEW.parts IS NOT NULL AND NEW.state IN ('FAILED', 'TIMEOUT', 'CANCELLED') AND OLD.state <> NEW.state)
    EXECUTE FUNCTION end_children();
