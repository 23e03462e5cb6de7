-- The HTTP platform: what scenarios and runs need beyond the core, and rate limits.

-- Scenarios --------------------------------------------------------------------------------------
CREATE TYPE changed_scenario AS (outcome text, scenario scenario);

-- Put the next version of a scenario in the place of `p_current`, and close that one's time. The caller holds the
-- row's lock. `p_next` carries the new values; version and times are set here.
CREATE FUNCTION advance_scenario(p_current scenario, p_next scenario, p_actor text, p_correlation_id text, p_event text, p_data jsonb)
    RETURNS scenario
    LANGUAGE plpgsql AS $$
DECLARE
    stored scenario;
    moment timestamptz := greatest(clock_timestamp(), p_current.updated_at + interval '1 microsecond');
BEGIN
    UPDATE scenario_version v SET valid = tstzrange(lower(v.valid), moment)
    WHERE v.tenant_id = p_current.tenant_id AND v.id = p_current.id AND v.version = p_current.version;
    UPDATE scenario s SET
        name = p_next.name, description = p_next.description, status = p_next.status, assumptions = p_next.assumptions,
        parameters = p_next.parameters, tags = p_next.tags, deleted_at = p_next.deleted_at,
        version = s.version + 1, updated_at = moment, updated_by = p_actor
    WHERE s.tenant_id = p_current.tenant_id AND s.id = p_current.id
    RETURNING * INTO stored;
    INSERT INTO scenario_version (tenant_id, id, version, valid, name, description, status, assumptions, parameters, tags, deleted_at, changed_by)
    VALUES (stored.tenant_id, stored.id, stored.version, tstzrange(moment, NULL), stored.name, stored.description, stored.status,
            stored.assumptions, stored.parameters, stored.tags, stored.deleted_at, p_actor);
    INSERT INTO scenario_event (tenant_id, scenario_id, event_type, actor, correlation_id, data)
    VALUES (stored.tenant_id, stored.id, p_event, p_actor, p_correlation_id, p_data || jsonb_build_object('version', stored.version));
    RETURN stored;
END
$$;

-- Change a scenario; NULL leaves a field as it is. `outcome` is CHANGED, UNCHANGED (a change that changes nothing makes no
-- version), NOT_FOUND or VERSION_CONFLICT.
CREATE FUNCTION update_scenario(
    p_tenant text, p_scenario uuid, p_expected_version integer, p_name text, p_description text, p_status text,
    p_assumptions text, p_parameters text, p_tags text[], p_actor text, p_correlation_id text
) RETURNS changed_scenario
    LANGUAGE plpgsql AS $$
DECLARE
    result  changed_scenario;
    current scenario;
    next    scenario;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO current FROM scenario s
    WHERE s.tenant_id = p_tenant AND s.id = p_scenario AND s.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        result.outcome := 'NOT_FOUND';
        RETURN result;
    END IF;
    result.scenario := current;
    IF p_expected_version <> current.version THEN
        result.outcome := 'VERSION_CONFLICT';
        RETURN result;
    END IF;
    next := current;
    next.name := coalesce(p_name, current.name);
    next.description := coalesce(p_description, current.description);
    next.status := coalesce(p_status, current.status);
    next.assumptions := coalesce(p_assumptions, current.assumptions);
    next.parameters := coalesce(p_parameters, current.parameters);
    next.tags := coalesce(p_tags, current.tags);
    IF next IS NOT DISTINCT FROM current THEN
        result.outcome := 'UNCHANGED';
        RETURN result;
    END IF;
    result.scenario := advance_scenario(current, next, p_actor, p_correlation_id, 'SCENARIO_UPDATED', jsonb_build_object(
        'changed', (SELECT jsonb_agg(n.key ORDER BY n.key) FROM jsonb_each(to_jsonb(next)) n
                    WHERE n.value IS DISTINCT FROM to_jsonb(current) -> n.key)));
    result.outcome := 'CHANGED';
    RETURN result;
END
$$;

-- Bring a deleted scenario back, as a version of its own. `outcome` is CHANGED, UNCHANGED (it is not deleted) or NOT_FOUND.
-- Raises on `scenario_tenant_name_unique` when its name has been taken meanwhile.
CREATE FUNCTION restore_scenario(p_tenant text, p_scenario uuid, p_actor text, p_correlation_id text) RETURNS changed_scenario
    LANGUAGE plpgsql AS $$
DECLARE
    result  changed_scenario;
    current scenario;
    next    scenario;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO current FROM scenario s WHERE s.tenant_id = p_tenant AND s.id = p_scenario FOR UPDATE;
    result.scenario := current;
    IF NOT FOUND THEN
        result.outcome := 'NOT_FOUND';
    ELSIF current.deleted_at IS NULL THEN
        result.outcome := 'UNCHANGED';
    ELSE
        next := current;
        next.deleted_at := NULL;
        result.scenario := advance_scenario(current, next, p_actor, p_correlation_id, 'SCENARIO_RESTORED', '{}');
        result.outcome := 'CHANGED';
    END IF;
    RETURN result;
END
$$;

-- The trail is listed by id, which therefore carries the time.
ALTER TABLE scenario_event ALTER COLUMN id SET DEFAULT outbox_event_id();
CREATE INDEX scenario_event_listing ON scenario_event (tenant_id, scenario_id, id);

-- Runs -------------------------------------------------------------------------------------------
-- Ask for several runs of one scenario in one transaction; the answers in the order asked.
CREATE FUNCTION request_runs(
    p_tenant text, p_scenario uuid, p_items jsonb, p_actor text, p_correlation_id text, p_traceparent text
) RETURNS SETOF requested_run
    LANGUAGE plpgsql AS $$
DECLARE
    item jsonb;
BEGIN
    FOR item IN SELECT value FROM jsonb_array_elements(p_items) LOOP
        RETURN NEXT request_run(
            p_tenant, (item ->> 'run')::uuid, p_scenario, item ->> 'parameters', item ->> 'code_version', item ->> 'environment',
            (item ->> 'seed')::bigint, item ->> 'priority', (item ->> 'timeout_minutes')::integer,
            (item ->> 'max_retries')::integer, item ->> 'idempotency_key', item ->> 'request_hash', p_actor, p_correlation_id,
            p_traceparent);
    END LOOP;
END
$$;

-- Put a run into another state by hand. Only moves that a worker cannot contradict: a live run may be ended, a
-- running one sent back to the queue. `outcome` is CHANGED, UNCHANGED, ILLEGAL, PUBLISHING or NOT_FOUND.
CREATE FUNCTION set_run_state(p_tenant text, p_run uuid, p_state text, p_reason text, p_actor text) RETURNS cancelled_run
    LANGUAGE plpgsql AS $$
DECLARE
    result cancelled_run;
    held   scenario_run;
    reason jsonb := jsonb_build_object('code', 'set_by_hand', 'message', p_reason);
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO held FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run FOR UPDATE;
    result.run := held;
    IF NOT FOUND THEN
        result.outcome := 'NOT_FOUND';
    ELSIF held.state = p_state THEN
        result.outcome := 'UNCHANGED';
    ELSIF held.state NOT IN ('QUEUED', 'RUNNING') OR p_state IN ('RUNNING', 'SUCCEEDED') THEN
        result.outcome := 'ILLEGAL';
    ELSIF EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.run_id = p_run AND f.state = 'ASSIGNED') THEN
        result.outcome := 'PUBLISHING';
    ELSIF p_state = 'QUEUED' THEN
        UPDATE output_file f SET state = 'DISCARDED' WHERE f.tenant_id = p_tenant AND f.run_id = p_run AND f.state = 'WAITING';
        result.run := requeue_run(held, reason, 'LOST', NULL, p_actor);
        result.outcome := 'CHANGED';
    ELSE
        result.run := end_run(held, p_state, reason, p_actor);
        result.outcome := 'CHANGED';
    END IF;
    RETURN result;
END
$$;

-- The ids of a tenant's runs that fit, oldest first; NULL does not narrow.
CREATE FUNCTION matching_runs(
    p_tenant text, p_states text[], p_scenario uuid, p_priority text, p_after timestamptz, p_before timestamptz
) RETURNS TABLE (id uuid)
    LANGUAGE sql STABLE AS $$
    SELECT r.id FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.state = ANY (p_states) AND r.parent_run_id IS NULL
      AND (p_scenario IS NULL OR r.scenario_id = p_scenario)
      AND (p_priority IS NULL OR r.priority = p_priority)
      AND (p_after IS NULL OR r.created_at >= p_after)
      AND (p_before IS NULL OR r.created_at < p_before)
    ORDER BY r.id
$$;

-- Ask again for runs that ended without a result: the same version of the scenario, the same inputs, a new run.
-- `skipped` counts those whose equal lives or succeeded meanwhile and those of deleted scenarios.
CREATE FUNCTION replay_runs(
    p_tenant text, p_runs uuid[], p_actor text, p_correlation_id text, p_traceparent text,
    OUT runs uuid[], OUT skipped integer, OUT refusal jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    held   scenario_run;
    queued scenario_run;
BEGIN
    runs := '{}';
    skipped := 0;
    refusal := run_admission(p_tenant);
    IF refusal IS NOT NULL THEN
        RETURN;
    END IF;
    FOR held IN
        SELECT r.* FROM scenario_run r JOIN scenario s ON s.tenant_id = r.tenant_id AND s.id = r.scenario_id AND s.deleted_at IS NULL
        WHERE r.tenant_id = p_tenant AND r.id = ANY (p_runs) AND r.state IN ('FAILED', 'TIMEOUT', 'CANCELLED')
        ORDER BY r.id FOR SHARE OF s
    LOOP
        queued := held;
        queued.id := outbox_event_id();
        queued.idempotency_key := NULL;
        queued.correlation_id := p_correlation_id;
        queued.created_by := p_actor;
        queued := queue_run(queued, p_traceparent, jsonb_build_object('replay_of', held.id));
        IF queued.id IS NOT NULL THEN
            runs := runs || queued.id;
        END IF;
    END LOOP;
    skipped := cardinality(p_runs) - cardinality(runs);
END
$$;

-- Rate limits ------------------------------------------------------------------------------------
-- Not logged: the counters change with every request and are worth nothing after a crash. Writing them then costs
-- no flush at commit.
CREATE UNLOGGED TABLE rate_limit_counter (
    tenant_id    text        NOT NULL,
    rule         text        NOT NULL,
    window_start timestamptz NOT NULL,
    used         integer     NOT NULL,
    day          date        NOT NULL,
    used_today   bigint      NOT NULL,
    CONSTRAINT rate_limit_counter_pkey PRIMARY KEY (tenant_id, rule)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 500);
SELECT protect_tenant_table('rate_limit_counter');

CREATE TYPE admission AS (
    admitted boolean, rule text, allowed integer, remaining integer, reset_seconds double precision,
    daily_cap bigint, daily_remaining bigint, retry_after double precision
);

-- Count one request against the tenant's limit for the longest of `p_rules` that has one (they are given longest first:
-- 'scenarios.abc', 'scenarios', 'all'). A window begins with the first request after the last one ended, so no more than
-- `limit` pass in it however many come at once: the row's lock is the only arbiter. A request that is refused is not counted.
CREATE FUNCTION admit_request(p_tenant text, p_rules text[]) RETURNS admission
    LANGUAGE plpgsql AS $$
DECLARE
    result  admission;
    terms   jsonb;
    moment  timestamptz;
    length  interval;
    counter rate_limit_counter;
BEGIN
    PERFORM enter_tenant(p_tenant);
    -- A tenant's own value beats the platform's for the same rule; a longer rule beats a shorter one.
    SELECT s.name, s.value INTO result.rule, terms
    FROM unnest(p_rules) WITH ORDINALITY AS g(name, turn)
    JOIN setting s ON s.tenant_id IN (p_tenant, '*') AND s.kind = 'rate-limit' AND s.name = g.name
    ORDER BY g.turn, (s.tenant_id = '*') LIMIT 1;
    IF NOT FOUND THEN
        result.admitted := true;
        RETURN result;
    END IF;
    result.allowed := (terms ->> 'limit')::integer;
    result.daily_cap := (terms ->> 'daily_cap')::bigint;
    length := make_interval(secs => (terms ->> 'window_seconds')::integer);
    LOOP
        SELECT * INTO counter FROM rate_limit_counter c WHERE c.tenant_id = p_tenant AND c.rule = result.rule FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO rate_limit_counter (tenant_id, rule, window_start, used, day, used_today)
        VALUES (p_tenant, result.rule, '-infinity', 0, 'epoch', 0) ON CONFLICT DO NOTHING;
    END LOOP;
    -- After the lock: whoever waited for it must not judge by the time at which it came.
    moment := clock_timestamp();
    IF counter.window_start + length <= moment THEN
        counter.window_start := moment;
        counter.used := 0;
    END IF;
    IF counter.day <> (moment AT TIME ZONE 'UTC')::date THEN
        counter.day := (moment AT TIME ZONE 'UTC')::date;
        counter.used_today := 0;
    END IF;
    result.admitted := counter.used < result.allowed AND counter.used_today < coalesce(result.daily_cap, counter.used_today + 1);
    IF result.admitted THEN
        counter.used := counter.used + 1;
        counter.used_today := counter.used_today + 1;
        UPDATE rate_limit_counter c SET
            window_start = counter.window_start, used = counter.used, day = counter.day, used_today = counter.used_today
        WHERE c.tenant_id = p_tenant AND c.rule = result.rule;
    END IF;
    result.remaining := greatest(0, result.allowed - counter.used);
    result.daily_remaining := greatest(0, result.daily_cap - counter.used_today);
    result.reset_seconds := extract(epoch FROM counter.window_start + length - moment);
    IF NOT result.admitted THEN
        result.retry_after := CASE
            WHEN counter.used_today >= result.daily_cap
            THEN extract(epoch FROM ((counter.day + 1)::timestamp AT TIME ZONE 'UTC') - moment)
            ELSE result.reset_seconds END;
    END IF;
    RETURN result;
END
$$;

INSERT INTO setting (tenant_id, kind, name, value, updated_by, reason) VALUES
    ('*', 'rate-limit', 'all', '{"limit": 6000, "window_seconds": 60, "daily_cap": 2000000}', 'migration', 'defaults'),
    ('*', 'rate-limit', 'waits', '{"limit": 60, "window_seconds": 60}', 'migration', 'defaults'),
    ('*', 'concurrency', 'runs', '{"max_running": 100}', 'migration', 'defaults'),
    ('*', 'flag', 'outputs', '{"enabled": true}', 'migration', 'defaults');

CREATE TYPE admitted_run AS (admission admission, requested requested_run);

-- request_run behind admit_request, so that asking for a run stays one round trip. Refused, it asks for nothing.
CREATE FUNCTION request_run_admitted(
    p_rules text[],
    p_tenant text, p_run uuid, p_scenario uuid, p_parameters text, p_code_version text, p_environment text,
    p_seed bigint, p_priority text, p_timeout_minutes integer, p_max_retries integer, p_idempotency_key text,
    p_request_hash text, p_actor text, p_correlation_id text, p_traceparent text
) RETURNS admitted_run
    LANGUAGE plpgsql AS $$
DECLARE
    result admitted_run;
BEGIN
    result.admission := admit_request(p_tenant, p_rules);
    IF (result.admission).admitted THEN
        result.requested := request_run(
            p_tenant, p_run, p_scenario, p_parameters, p_code_version, p_environment, p_seed, p_priority, p_timeout_minutes,
            p_max_retries, p_idempotency_key, p_request_hash, p_actor, p_correlation_id, p_traceparent);
    END IF;
    RETURN result;
END
$$;

-- Change a setting and write the audit, in one statement. `p_value` NULL removes it, so that the platform's holds again.
-- More room for runs wakes those that waited for it. Returns the value that was there.
CREATE FUNCTION put_setting(p_tenant text, p_kind text, p_name text, p_value jsonb, p_actor text, p_reason text, p_audit uuid) RETURNS jsonb
    LANGUAGE plpgsql AS $$
DECLARE
    previous jsonb;
BEGIN
    SELECT s.value INTO previous FROM setting s WHERE s.tenant_id = p_tenant AND s.kind = p_kind AND s.name = p_name FOR UPDATE;
    IF p_value IS NULL THEN
        DELETE FROM setting s WHERE s.tenant_id = p_tenant AND s.kind = p_kind AND s.name = p_name;
    ELSE
        INSERT INTO setting AS s (tenant_id, kind, name, value, updated_by, reason)
        VALUES (p_tenant, p_kind, p_name, p_value, p_actor, p_reason)
        ON CONFLICT (tenant_id, kind, name) DO UPDATE SET
            value = EXCLUDED.value, updated_by = EXCLUDED.updated_by, reason = EXCLUDED.reason, updated_at = clock_timestamp();
    END IF;
    INSERT INTO config_audit (tenant_id, id, kind, name, before, after, actor, reason)
    VALUES (p_tenant, p_audit, p_kind, p_name, previous, p_value, p_actor, p_reason);
    IF p_kind = 'concurrency' AND p_tenant <> '*' THEN
        PERFORM wake_runs(p_tenant, p_audit::text);
    END IF;
    RETURN previous;
END
$$;
