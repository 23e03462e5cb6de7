-- The life of a run as database functions. Each step that matters is one statement from the client: one
-- round trip, one transaction, and no client can do half of it.

-- Two canonical JSON objects (RFC 8785) merged at the top level into a third, `p_over` winning. The values'
-- text is kept as it is, so the result is canonical too; keys are ASCII, so their byte order is JCS's order.
CREATE FUNCTION merge_canonical(p_base text, p_over text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '{' || coalesce(string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY key COLLATE "C"), '') || '}'
    FROM (
        SELECT key, value FROM json_each(p_over::json)
        UNION ALL
        SELECT key, value FROM json_each(p_base::json) WHERE NOT (p_over::jsonb ? key)
    ) AS merged
$$;

-- sha256 over the canonical JSON of all that decides a run's result, and of nothing else.
-- sextant.runs.hashing.version_hash is the same in Python; a test holds them together.
CREATE FUNCTION run_version_hash(
    p_tenant text, p_scenario uuid, p_scenario_version integer, p_assumptions text, p_parameters text,
    p_environment text, p_code_version text, p_seed bigint
) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to(
        '{"assumptions":' || p_assumptions
        || ',"code_version":' || to_json(p_code_version)::text
        || ',"environment":' || to_json(p_environment)::text
        || ',"parameters":' || p_parameters
        || ',"scenario_id":"' || p_scenario::text
        || '","scenario_version":' || p_scenario_version::text
        || ',"seed":' || p_seed::text
        || ',"tenant_id":' || to_json(p_tenant)::text
        || '}', 'UTF8')), 'hex')
$$;

-- May a run of this tenant start now? NULL says yes; else a JSON object says why not: {"scope", "reason", …}. Looked
-- at inside the statement that starts something, so that whoever cannot look starts nothing. 0005_operations
-- puts the kill switches behind it.
CREATE FUNCTION run_admission(p_tenant text) RETURNS text
    LANGUAGE sql STABLE AS $$ SELECT NULL::text $$;

-- Where a run stands in the line: each level of priority is worth ten minutes of waiting.
CREATE FUNCTION run_claim_order(p_priority text, p_since timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p_since - interval '10 minutes' * (array_position(ARRAY['LOW', 'NORMAL', 'HIGH', 'CRITICAL'], p_priority) - 1)
$$;

-- Store a new run with its message and its trail; NULL where an equal run or one of its key is in the way.
CREATE FUNCTION queue_run(p_run scenario_run, p_traceparent text, p_data jsonb DEFAULT '{}') RETURNS scenario_run
    LANGUAGE plpgsql AS $$
DECLARE
    queued scenario_run;
BEGIN
    INSERT INTO scenario_run AS r (
        tenant_id, id, scenario_id, scenario_version, priority, version_hash, parameters, code_version, environment, seed,
        timeout_minutes, max_retries, idempotency_key, request_hash, correlation_id, created_by, claim_order)
    VALUES (
        p_run.tenant_id, p_run.id, p_run.scenario_id, p_run.scenario_version, p_run.priority, p_run.version_hash, p_run.parameters,
        p_run.code_version, p_run.environment, p_run.seed, p_run.timeout_minutes, p_run.max_retries, p_run.idempotency_key,
        p_run.request_hash, p_run.correlation_id, p_run.created_by, run_claim_order(p_run.priority, clock_timestamp()))
    ON CONFLICT DO NOTHING
    RETURNING * INTO queued;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM outbox_enqueue(
        queued.tenant_id, 'run.requested', format('run:%s:0', queued.id),
        jsonb_build_object('run_id', queued.id, 'tenant_id', queued.tenant_id, 'scenario_id', queued.scenario_id),
        jsonb_build_object('correlation-id', queued.correlation_id, 'traceparent', p_traceparent));
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (queued.tenant_id, queued.scenario_id, queued.id, 'RUN_REQUESTED', queued.created_by, queued.correlation_id,
            jsonb_build_object('version_hash', queued.version_hash, 'priority', queued.priority) || p_data);
    RETURN queued;
END
$$;

-- What a run pins of its parameters beside their values, before they are hashed. Nothing yet: later revisions replace it.
-- NULL where a parameter names something that does not exist.
CREATE FUNCTION pin_parameters(p_tenant text, p_parameters text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$ SELECT p_parameters $$;

CREATE TYPE requested_run AS (outcome text, run scenario_run);

-- Ask for a run. `outcome` is CREATED, EXISTING (an equal run lives or succeeded), REPLAYED (this key, this
-- request), KEY_REUSED (this key, another request), SCENARIO_NOT_FOUND, BASELINE_NOT_FOUND, SCENARIO_ARCHIVED or NOT_ADMITTED (why
-- stands in the run's error).
CREATE FUNCTION request_run(
    p_tenant text, p_run uuid, p_scenario uuid, p_parameters text, p_code_version text, p_environment text,
    p_seed bigint, p_priority text, p_timeout_minutes integer, p_max_retries integer, p_idempotency_key text,
    p_request_hash text, p_actor text, p_correlation_id text, p_traceparent text
) RETURNS requested_run
    LANGUAGE plpgsql AS $$
DECLARE
    result requested_run;
    target scenario;
    held   scenario_run;
    wanted scenario_run;
    merged text;
    hash   text;
    refusal text;
BEGIN
    PERFORM enter_tenant(p_tenant);

    -- FOR SHARE: a scenario that is being deleted at this moment takes no new run.
    SELECT * INTO target FROM scenario s
    WHERE s.tenant_id = p_tenant AND s.id = p_scenario AND s.deleted_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        result.outcome := 'SCENARIO_NOT_FOUND';
        RETURN result;
    END IF;

    merged := pin_parameters(p_tenant, merge_canonical(target.parameters, p_parameters));
    IF merged IS NULL THEN
        result.outcome := 'BASELINE_NOT_FOUND';
        RETURN result;
    END IF;
    hash := run_version_hash(p_tenant, p_scenario, target.version, target.assumptions, merged, p_environment, p_code_version, p_seed);

    -- Twice at most in practice: the run that stood in the way may fail between the insert and the look.
    FOR turn IN 1..5 LOOP
        IF p_idempotency_key IS NOT NULL THEN
            SELECT * INTO held FROM scenario_run r
            WHERE r.tenant_id = p_tenant AND r.idempotency_key = p_idempotency_key;
            IF FOUND THEN
                result.run := held;
                result.outcome := CASE WHEN held.request_hash = p_request_hash THEN 'REPLAYED' ELSE 'KEY_REUSED' END;
                RETURN result;
            END IF;
        END IF;
        SELECT * INTO held FROM scenario_run r
        WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.version_hash = hash
          AND r.state IN ('QUEUED', 'RUNNING', 'SUCCEEDED');
        IF FOUND THEN
            result.run := held;
            result.outcome := 'EXISTING';
            RETURN result;
        END IF;
        IF target.status = 'ARCHIVED' THEN
            result.outcome := 'SCENARIO_ARCHIVED';
            RETURN result;
        END IF;
        refusal := run_admission(p_tenant);
        IF refusal IS NOT NULL THEN
            result.run.tenant_id := p_tenant;
            result.run.error := refusal::jsonb;
            result.outcome := 'NOT_ADMITTED';
            RETURN result;
        END IF;

        wanted.tenant_id := p_tenant;
        wanted.id := p_run;
        wanted.scenario_id := p_scenario;
        wanted.scenario_version := target.version;
        wanted.priority := p_priority;
        wanted.version_hash := hash;
        wanted.parameters := merged;
        wanted.code_version := p_code_version;
        wanted.environment := p_environment;
        wanted.seed := p_seed;
        wanted.timeout_minutes := p_timeout_minutes;
        wanted.max_retries := p_max_retries;
        wanted.idempotency_key := p_idempotency_key;
        wanted.request_hash := p_request_hash;
        wanted.correlation_id := p_correlation_id;
        wanted.created_by := p_actor;
        held := queue_run(wanted, p_traceparent);
        IF held.id IS NOT NULL THEN
            result.run := held;
            result.outcome := 'CREATED';
            RETURN result;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'run request of scenario % kept colliding', p_scenario USING ERRCODE = 'serialization_failure';
END
$$;

CREATE TYPE claimed_run AS (outcome text, run scenario_run, assumptions text);

-- How many runs a tenant may have in work at once.
CREATE FUNCTION run_limit(p_tenant text) RETURNS integer
    LANGUAGE sql STABLE AS $$ SELECT coalesce((setting_of(p_tenant, 'concurrency', 'runs') ->> 'max_running')::integer, 100) $$;

-- How many of a tenant's runs are in work: held by a worker, not waiting for the commit.
CREATE FUNCTION runs_in_work(p_tenant text) RETURNS integer
    LANGUAGE sql STABLE AS $$
    SELECT count(*)::integer FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.state = 'RUNNING' AND r.lease_until IS NOT NULL
$$;

-- The run that is next: of the tenants with work and room, beginning behind `p_after`, the one with the fewest in
-- work; of its runs the first in the line. NULL when there is none. Call it under the lock of claims.
CREATE FUNCTION next_run(p_after text) RETURNS scenario_run
    LANGUAGE plpgsql
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan SET jit = off
    AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    tenant text := p_after;
    first  text;
    head   scenario_run;
    best   scenario_run;
    busy   integer;
    least  integer;
BEGIN
    -- A walk along the index, tenant by tenant: a backlog of one costs the others nothing.
    FOR turn IN 1..64 LOOP
        SELECT r.tenant_id INTO tenant FROM scenario_run r
        WHERE r.state = 'QUEUED' AND r.tenant_id > tenant ORDER BY r.tenant_id LIMIT 1;
        IF tenant IS NULL THEN
            SELECT r.tenant_id INTO tenant FROM scenario_run r WHERE r.state = 'QUEUED' ORDER BY r.tenant_id LIMIT 1;
        END IF;
        EXIT WHEN tenant IS NULL OR tenant = first;
        first := coalesce(first, tenant);
        SELECT * INTO head FROM scenario_run r
        WHERE r.tenant_id = tenant AND r.state = 'QUEUED' AND r.available_at <= moment
        ORDER BY r.claim_order, r.id LIMIT 1;
        CONTINUE WHEN NOT FOUND OR run_admission(tenant) IS NOT NULL;
        busy := runs_in_work(tenant);
        CONTINUE WHEN busy >= run_limit(tenant);
        IF best.id IS NULL OR busy < least OR (busy = least AND head.claim_order < best.claim_order) THEN
            best := head;
            least := busy;
        END IF;
    END LOOP;
    RETURN best;
END
$$;

-- A tenant at its limit has given a place free: a message for the run that is next, since those that came
-- while there was no room are spent.
CREATE FUNCTION wake_next_run(p_freed scenario_run) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    waiting scenario_run;
BEGIN
    IF runs_in_work(p_freed.tenant_id) < run_limit(p_freed.tenant_id) - 1 THEN
        RETURN;
    END IF;
    SELECT * INTO waiting FROM scenario_run r
    WHERE r.tenant_id = p_freed.tenant_id AND r.state = 'QUEUED' AND r.available_at <= clock_timestamp() AND r.id <> p_freed.id
    ORDER BY r.claim_order, r.id LIMIT 1;
    IF FOUND THEN
        PERFORM outbox_enqueue(
            waiting.tenant_id, 'run.requested', format('run:%s:after:%s:%s', waiting.id, p_freed.id, p_freed.fencing_token),
            jsonb_build_object('run_id', waiting.id, 'tenant_id', waiting.tenant_id, 'scenario_id', waiting.scenario_id),
            jsonb_build_object('correlation-id', waiting.correlation_id), p_refusable => false);
    END IF;
END
$$;

-- Messages for as many of the tenant's waiting runs as there is room for: call it when more may start than before. The
-- ones sent while they could not start are spent. How many were woken.
CREATE FUNCTION wake_runs(p_tenant text, p_cause text) RETURNS integer
    LANGUAGE sql AS $$
    SELECT count(outbox_enqueue(
        w.tenant_id, 'run.requested', format('run:%s:woken:%s', w.id, p_cause),
        jsonb_build_object('run_id', w.id, 'tenant_id', w.tenant_id, 'scenario_id', w.scenario_id),
        jsonb_build_object('correlation-id', w.correlation_id), p_refusable => false))::integer
    FROM (SELECT * FROM scenario_run r
          WHERE r.tenant_id = p_tenant AND r.state = 'QUEUED' AND r.available_at <= clock_timestamp()
          ORDER BY r.claim_order, r.id LIMIT greatest(run_limit(p_tenant) - runs_in_work(p_tenant), 0)) AS w
$$;

-- Take a run to work on. A message is a ticket: the run it names has been asked for, but which one is taken
-- with it is decided here, so that priority, fairness and limits hold on every bus and however late it comes.
-- There are never fewer tickets under way than runs that could be claimed.
--
-- `outcome` is CLAIMED, or, when nothing is to be had: BUSY (a worker holds the run of the message, or its output
-- waits for the commit), DONE (it ended), WAITING (it is queued, but its tenant is at its limit or it
-- backs off), HELD (nothing of its tenant may start just now) or UNKNOWN. Runs that were held back are woken by wake_runs. Each claim raises the fencing token, and with it the attempt.
CREATE FUNCTION claim_run(p_tenant text, p_run uuid, p_worker text, p_lease interval) RETURNS claimed_run
    LANGUAGE plpgsql AS $$
DECLARE
    result claimed_run;
    asked  scenario_run;
    held   scenario_run;
BEGIN
    -- One claim at a time: what is next must not change while it is taken. Released by the commit.
    PERFORM pg_advisory_xact_lock(7390113);
    SELECT * INTO asked FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run FOR UPDATE;
    IF NOT FOUND THEN
        -- No run of ours ever asked for this: it is no ticket.
        result.outcome := 'UNKNOWN';
        RETURN result;
    END IF;
    IF asked.state = 'RUNNING' AND asked.lease_until < clock_timestamp()
       AND NOT EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.run_id = p_run)
       AND asked.attempt <= asked.max_retries AND run_admission(p_tenant) IS NULL THEN
        -- The message came again because its worker died.
        held := asked;
    ELSE
        LOOP
            held := next_run(p_tenant);
            EXIT WHEN held.id IS NULL;
            -- It may have been cancelled just now: then there may be another.
            SELECT * INTO held FROM scenario_run r
            WHERE r.tenant_id = held.tenant_id AND r.id = held.id AND r.state = 'QUEUED' FOR UPDATE;
            EXIT WHEN FOUND;
        END LOOP;
    END IF;
    IF held.id IS NULL THEN
        result.run := asked;
        result.outcome := CASE
            WHEN asked.state = 'QUEUED' AND run_admission(p_tenant) IS NOT NULL THEN 'HELD'
            WHEN asked.state = 'QUEUED' THEN 'WAITING'
            WHEN asked.state = 'RUNNING' THEN 'BUSY'
            ELSE 'DONE' END;
        RETURN result;
    END IF;

    UPDATE run_attempt a SET outcome = 'LOST', ended_at = clock_timestamp()
    WHERE a.tenant_id = held.tenant_id AND a.run_id = held.id AND a.outcome IS NULL;
    UPDATE scenario_run r SET
        state = 'RUNNING', attempt = r.attempt + 1, fencing_token = r.fencing_token + 1, progress_percent = 0, error = NULL,
        lease_until = clock_timestamp() + p_lease, started_at = coalesce(r.started_at, clock_timestamp()), updated_at = clock_timestamp()
    WHERE r.tenant_id = held.tenant_id AND r.id = held.id
    RETURNING * INTO held;
    result.run := held;
    INSERT INTO run_attempt (tenant_id, run_id, attempt, fencing_token, worker, started_at)
    VALUES (held.tenant_id, held.id, held.attempt, held.fencing_token, p_worker, clock_timestamp());
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (held.tenant_id, held.scenario_id, held.id, 'RUN_STARTED', p_worker, held.correlation_id,
            jsonb_build_object('attempt', held.attempt, 'fencing_token', held.fencing_token));
    SELECT v.assumptions INTO result.assumptions FROM scenario_version v
    WHERE v.tenant_id = held.tenant_id AND v.id = held.scenario_id AND v.version = held.scenario_version;
    result.outcome := 'CLAIMED';
    RETURN result;
END
$$;

-- Hand in a run's data file. False when the caller's fencing token is stale or the run no longer runs: its
-- file is then an orphan. After this the run holds no lease; it waits for the commit and cannot be claimed.
CREATE FUNCTION store_output(
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
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(p_metrics) AS x(
            metric text, tags_key text, tags jsonb, asof_date date, value double precision, unit text,
            band_lower double precision, band_upper double precision)
        WHERE num_nulls(x.metric, x.tags_key, x.tags, x.asof_date, x.value, x.unit) > 0
           OR octet_length(x.metric) + octet_length(x.tags_key) > 2000
    ) THEN
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

-- End a run that will publish nothing: FAILED, TIMEOUT or CANCELLED, with its trail and its event. The caller
-- holds the row's lock and has checked that the move is allowed.
CREATE FUNCTION end_run(p_run scenario_run, p_state text, p_error jsonb, p_actor text) RETURNS scenario_run
    LANGUAGE plpgsql AS $$
DECLARE
    ended scenario_run;
BEGIN
    UPDATE output_file f SET state = 'DISCARDED'
    WHERE f.tenant_id = p_run.tenant_id AND f.run_id = p_run.id AND f.state = 'WAITING';
    UPDATE run_attempt a SET outcome = p_state, error = p_error, ended_at = clock_timestamp()
    WHERE a.tenant_id = p_run.tenant_id AND a.run_id = p_run.id AND a.outcome IS NULL;
    UPDATE scenario_run r SET
        state = p_state, error = p_error, lease_until = NULL, completed_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE r.tenant_id = p_run.tenant_id AND r.id = p_run.id
    RETURNING * INTO ended;
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (ended.tenant_id, ended.scenario_id, ended.id, 'RUN_' || p_state, p_actor, ended.correlation_id,
            jsonb_build_object('attempt', ended.attempt, 'error', p_error));
    PERFORM outbox_enqueue(
        ended.tenant_id, CASE WHEN p_state = 'CANCELLED' THEN 'run.cancelled' ELSE 'run.failed' END,
        format('run:%s:ended', ended.id),
        jsonb_build_object('run_id', ended.id, 'tenant_id', ended.tenant_id, 'scenario_id', ended.scenario_id,
                           'state', p_state, 'error', p_error),
        jsonb_build_object('correlation-id', ended.correlation_id), p_refusable => false);
    IF (p_error ->> 'poison')::boolean THEN
        -- A run that fails by itself each time is laid aside where an operator finds it, as its message would be.
        PERFORM outbox_enqueue(
            ended.tenant_id, 'run.poisoned', format('run:%s:poisoned', ended.id),
            jsonb_build_object('run_id', ended.id, 'tenant_id', ended.tenant_id, 'scenario_id', ended.scenario_id, 'error', p_error),
            jsonb_build_object('correlation-id', ended.correlation_id), p_refusable => false);
    END IF;
    IF p_run.state = 'RUNNING' AND p_run.lease_until IS NOT NULL THEN
        PERFORM wake_next_run(ended);
    END IF;
    RETURN ended;
END
$$;

-- Put a run back in the queue for another attempt, no sooner than after `p_delay`.
CREATE FUNCTION requeue_run(p_run scenario_run, p_error jsonb, p_attempt_outcome text, p_delay interval, p_actor text) RETURNS scenario_run
    LANGUAGE plpgsql AS $$
DECLARE
    queued scenario_run;
BEGIN
    UPDATE run_attempt a SET outcome = p_attempt_outcome, error = p_error, ended_at = clock_timestamp()
    WHERE a.tenant_id = p_run.tenant_id AND a.run_id = p_run.id AND a.outcome IS NULL;
    UPDATE scenario_run r SET
        state = 'QUEUED', error = p_error, lease_until = NULL, progress_percent = 0, updated_at = clock_timestamp(),
        available_at = clock_timestamp() + coalesce(p_delay, interval '0')
    WHERE r.tenant_id = p_run.tenant_id AND r.id = p_run.id
    RETURNING * INTO queued;
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (queued.tenant_id, queued.scenario_id, queued.id, 'RUN_REQUEUED', p_actor, queued.correlation_id,
            jsonb_build_object('attempt', queued.attempt, 'error', p_error));
    PERFORM outbox_enqueue(
        queued.tenant_id, 'run.requested', format('run:%s:%s', queued.id, queued.fencing_token),
        jsonb_build_object('run_id', queued.id, 'tenant_id', queued.tenant_id, 'scenario_id', queued.scenario_id),
        jsonb_build_object('correlation-id', queued.correlation_id), p_delay, false);
    PERFORM wake_next_run(queued);
    RETURN queued;
END
$$;

-- A worker's attempt failed. With `p_retry_after` and attempts left the run goes back to the queue, to be taken no
-- sooner than that, else it ends in `p_state` (FAILED or TIMEOUT). NULL when the caller's fencing token is stale.
CREATE FUNCTION fail_run(
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

CREATE TYPE cancelled_run AS (outcome text, run scenario_run);

-- Cancel a run. `outcome` is CANCELLED (now or before), ENDED (it ended otherwise), PUBLISHING (its rows are in
-- an open group commit: too late) or NOT_FOUND. A worker on it loses its fencing token's worth and stops.
CREATE FUNCTION cancel_run(p_tenant text, p_run uuid, p_actor text) RETURNS cancelled_run
    LANGUAGE plpgsql AS $$
DECLARE
    result cancelled_run;
    held   scenario_run;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO held FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run FOR UPDATE;
    result.run := held;
    IF NOT FOUND THEN
        result.outcome := 'NOT_FOUND';
    ELSIF held.state = 'CANCELLED' THEN
        result.outcome := 'CANCELLED';
    ELSIF held.state NOT IN ('QUEUED', 'RUNNING') THEN
        result.outcome := 'ENDED';
    -- A statement of its own, after the lock: its snapshot sees what an assignment that held the lock did.
    ELSIF EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.run_id = p_run AND f.state = 'ASSIGNED') THEN
        result.outcome := 'PUBLISHING';
    ELSE
        result.run := end_run(held, 'CANCELLED', NULL, p_actor);
        result.outcome := 'CANCELLED';
    END IF;
    RETURN result;
END
$$;

-- Look after the runs that nobody holds: an expired lease goes back to the queue or, out of attempts, fails;
-- a run past its time ends as TIMEOUT; a queued run whose message has not come for `p_silence` is asked for
-- again. Returns how many of each. Any number may run at once; each run is taken by one.
CREATE FUNCTION recover_runs(p_silence interval, p_limit integer)
    RETURNS TABLE (requeued integer, failed integer, timed_out integer, asked_again integer)
    LANGUAGE plpgsql AS $$
DECLARE
    held scenario_run;
BEGIN
    requeued := 0; failed := 0; timed_out := 0; asked_again := 0;
    FOR held IN
        SELECT r.* FROM scenario_run r
        WHERE r.state = 'RUNNING' AND r.lease_until < clock_timestamp()
        ORDER BY r.lease_until LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        IF held.started_at + make_interval(mins => held.timeout_minutes) < clock_timestamp() THEN
            PERFORM end_run(held, 'TIMEOUT', jsonb_build_object('code', 'run_timeout', 'message',
                format('the run exceeded its %s minutes', held.timeout_minutes)), 'recovery');
            timed_out := timed_out + 1;
        ELSIF held.attempt <= held.max_retries THEN
            PERFORM requeue_run(held, jsonb_build_object('code', 'worker_lost', 'message',
                format('the worker of attempt %s stopped answering', held.attempt)), 'LOST', NULL, 'recovery');
            requeued := requeued + 1;
        ELSE
            PERFORM end_run(held, 'FAILED', jsonb_build_object('code', 'worker_lost', 'poison', true, 'message',
                format('the worker stopped answering in each of %s attempts', held.attempt)), 'recovery');
            failed := failed + 1;
        END IF;
    END LOOP;
    FOR held IN
        SELECT r.* FROM scenario_run r
        WHERE r.state = 'QUEUED' AND r.updated_at < clock_timestamp() - p_silence
        ORDER BY r.updated_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE scenario_run r SET updated_at = clock_timestamp() WHERE r.tenant_id = held.tenant_id AND r.id = held.id;
        PERFORM outbox_enqueue(
            held.tenant_id, 'run.requested', format('run:%s:%s:%s', held.id, held.fencing_token, extract(epoch FROM clock_timestamp())::bigint),
            jsonb_build_object('run_id', held.id, 'tenant_id', held.tenant_id, 'scenario_id', held.scenario_id),
            jsonb_build_object('correlation-id', held.correlation_id), p_refusable => false);
        asked_again := asked_again + 1;
    END LOOP;
    RETURN NEXT;
END
$$;
CREATE INDEX scenario_run_queued ON scenario_run (updated_at) WHERE state = 'QUEUED';

-- Soft-delete a scenario and cancel its live runs. `outcome` is DELETED, NOT_FOUND, VERSION_CONFLICT, or PUBLISHING
-- (a run of it is in an open group commit: in a moment it can be deleted).
CREATE FUNCTION delete_scenario(
    p_tenant text, p_scenario uuid, p_expected_version integer, p_actor text, p_correlation_id text,
    OUT outcome text, OUT cancelled integer
) LANGUAGE plpgsql AS $$
DECLARE
    target scenario;
    held   scenario_run;
    moment timestamptz;
BEGIN
    PERFORM enter_tenant(p_tenant);
    cancelled := 0;
    -- Excludes request_run, which holds the row FOR SHARE: after this no new run can come.
    SELECT * INTO target FROM scenario s
    WHERE s.tenant_id = p_tenant AND s.id = p_scenario AND s.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        outcome := 'NOT_FOUND';
        RETURN;
    ELSIF p_expected_version IS NOT NULL AND p_expected_version <> target.version THEN
        outcome := 'VERSION_CONFLICT';
        RETURN;
    END IF;
    PERFORM FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.state IN ('QUEUED', 'RUNNING')
    ORDER BY r.id FOR UPDATE;
    -- With every live run locked, none can be assigned to a commit any more; one may have been before.
    IF EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.scenario_id = p_scenario AND f.state = 'ASSIGNED') THEN
        outcome := 'PUBLISHING';
        RETURN;
    END IF;
    FOR held IN
        SELECT r.* FROM scenario_run r
        WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.state IN ('QUEUED', 'RUNNING')
        ORDER BY r.id
    LOOP
        PERFORM end_run(held, 'CANCELLED', NULL, p_actor);
        cancelled := cancelled + 1;
    END LOOP;
    moment := greatest(clock_timestamp(), target.updated_at + interval '1 microsecond');
    UPDATE scenario_version v SET valid = tstzrange(lower(v.valid), moment)
    WHERE v.tenant_id = p_tenant AND v.id = p_scenario AND v.version = target.version;
    UPDATE scenario s SET deleted_at = moment, version = s.version + 1, updated_at = moment, updated_by = p_actor
    WHERE s.tenant_id = p_tenant AND s.id = p_scenario;
    INSERT INTO scenario_version (tenant_id, id, version, valid, name, description, status, assumptions, parameters, tags, deleted_at, changed_by)
    VALUES (p_tenant, p_scenario, target.version + 1, tstzrange(moment, NULL), target.name, target.description, target.status,
            target.assumptions, target.parameters, target.tags, moment, p_actor);
    INSERT INTO scenario_event (tenant_id, scenario_id, event_type, actor, correlation_id, data)
    VALUES (p_tenant, p_scenario, 'SCENARIO_DELETED', p_actor, p_correlation_id, jsonb_build_object('cancelled_runs', cancelled));
    outcome := 'DELETED';
END
$$;
