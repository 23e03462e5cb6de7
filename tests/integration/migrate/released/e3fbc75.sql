--
-- PostgreSQL database dump
--

\restrict B8MEXiGLreUz20bgHRj4VKLzsDt5kHgstafDSRtjTxX0vvI9ZzvBc4DrUQlOwqK

-- Dumped from database version 16.14
-- Dumped by pg_dump version 16.14

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: admission; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.admission AS (
	admitted boolean,
	rule text,
	allowed integer,
	remaining integer,
	reset_seconds double precision,
	daily_cap bigint,
	daily_remaining bigint,
	retry_after double precision
);


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: scenario_run; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scenario_run (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    scenario_id uuid NOT NULL,
    scenario_version integer NOT NULL,
    state text DEFAULT 'QUEUED'::text NOT NULL,
    priority text DEFAULT 'NORMAL'::text NOT NULL,
    version_hash text NOT NULL,
    parameters text NOT NULL,
    code_version text NOT NULL,
    environment text NOT NULL,
    seed bigint NOT NULL,
    timeout_minutes integer NOT NULL,
    max_retries integer NOT NULL,
    idempotency_key text,
    request_hash text NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    progress_percent smallint DEFAULT 0 NOT NULL,
    fencing_token bigint DEFAULT 0 NOT NULL,
    lease_until timestamp with time zone,
    available_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    claim_order timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    error jsonb,
    gb_seconds double precision DEFAULT 0 NOT NULL,
    output_rows bigint,
    output_bytes bigint,
    correlation_id text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    parent_run_id uuid,
    part jsonb,
    part_location text,
    parts integer,
    CONSTRAINT scenario_run_completed_check CHECK (((completed_at IS NOT NULL) = (state = ANY (ARRAY['SUCCEEDED'::text, 'FAILED'::text, 'CANCELLED'::text, 'TIMEOUT'::text])))),
    CONSTRAINT scenario_run_part_check CHECK (((part IS NULL) = (parent_run_id IS NULL))),
    CONSTRAINT scenario_run_parts_check CHECK (((parts IS NULL) OR ((parts > 0) AND (parent_run_id IS NULL)))),
    CONSTRAINT scenario_run_priority_check CHECK ((priority = ANY (ARRAY['LOW'::text, 'NORMAL'::text, 'HIGH'::text, 'CRITICAL'::text]))),
    CONSTRAINT scenario_run_progress_check CHECK (((progress_percent >= 0) AND (progress_percent <= 100))),
    CONSTRAINT scenario_run_retries_check CHECK (((max_retries >= 0) AND (max_retries <= 10))),
    CONSTRAINT scenario_run_state_check CHECK ((state = ANY (ARRAY['QUEUED'::text, 'RUNNING'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'CANCELLED'::text, 'TIMEOUT'::text]))),
    CONSTRAINT scenario_run_timeout_check CHECK (((timeout_minutes >= 1) AND (timeout_minutes <= 1440)))
);

ALTER TABLE ONLY public.scenario_run FORCE ROW LEVEL SECURITY;


--
-- Name: COLUMN scenario_run.available_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.scenario_run.available_at IS 'A queued run is not claimed before this: the backoff between attempts.';


--
-- Name: COLUMN scenario_run.claim_order; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.scenario_run.claim_order IS 'When it was asked for, less ten minutes for each level of priority: the earliest is next, so that the urgent go first and nobody starves.';


--
-- Name: COLUMN scenario_run.part; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.scenario_run.part IS 'Of a child: which part of its parent it computes; `index` is the order of merging.';


--
-- Name: COLUMN scenario_run.part_location; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.scenario_run.part_location IS 'Of a child that succeeded: where its result lies.';


--
-- Name: COLUMN scenario_run.parts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.scenario_run.parts IS 'Of a parent that was split: how many children it has.';


--
-- Name: requested_run; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.requested_run AS (
	outcome text,
	run public.scenario_run
);


--
-- Name: admitted_run; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.admitted_run AS (
	admission public.admission,
	requested public.requested_run
);


--
-- Name: cancelled_run; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.cancelled_run AS (
	outcome text,
	run public.scenario_run
);


--
-- Name: scenario; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scenario (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'ACTIVE'::text NOT NULL,
    assumptions text NOT NULL,
    parameters text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_by text NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT scenario_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT scenario_status_check CHECK ((status = ANY (ARRAY['ACTIVE'::text, 'ARCHIVED'::text]))),
    CONSTRAINT scenario_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY public.scenario FORCE ROW LEVEL SECURITY;


--
-- Name: changed_scenario; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.changed_scenario AS (
	outcome text,
	scenario public.scenario
);


--
-- Name: claimed_run; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.claimed_run AS (
	outcome text,
	run public.scenario_run,
	assumptions text
);


--
-- Name: outbox_claimed; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.outbox_claimed AS (
	tenant_id text,
	"position" bigint,
	event_id uuid,
	topic text,
	dedupe_key text,
	payload text,
	headers text,
	created_at timestamp with time zone,
	attempts smallint,
	takeovers smallint,
	replay_id uuid
);


--
-- Name: outbox_figure; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.outbox_figure AS (
	tenant_id text,
	pending bigint,
	leased bigint,
	delayed bigint,
	dead bigint,
	oldest_pending_at timestamp with time zone,
	published bigint,
	last_published_at timestamp with time zone,
	claimed_in_window bigint,
	allowance integer
);


--
-- Name: outbox_measured; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.outbox_measured AS (
	"position" bigint,
	writers text[],
	complete boolean
);


--
-- Name: outbox_settled; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.outbox_settled AS (
	sent integer,
	released integer,
	delayed integer,
	dead integer,
	lost integer
);


--
-- Name: uuidrange; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.uuidrange AS RANGE (
    subtype = uuid,
    multirange_type_name = public.uuidmultirange
);


--
-- Name: vendor_admission; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.vendor_admission AS (
	outcome text,
	vendor_id uuid,
	epoch bigint,
	token uuid,
	wait_seconds double precision,
	reason text
);


--
-- Name: admit_request(text, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.admit_request(p_tenant text, p_rules text[]) RETURNS public.admission
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: advance_scenario(public.scenario, public.scenario, text, text, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.advance_scenario(p_current public.scenario, p_next public.scenario, p_actor text, p_correlation_id text, p_event text, p_data jsonb) RETURNS public.scenario
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: cancel_run(text, uuid, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.cancel_run(p_tenant text, p_run uuid, p_actor text) RETURNS public.cancelled_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: claim_run(text, uuid, text, interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.claim_run(p_tenant text, p_run uuid, p_worker text, p_lease interval) RETURNS public.claimed_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: close_output_batch(uuid, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.close_output_batch(p_batch uuid, p_snapshot bigint) RETURNS integer
    LANGUAGE plpgsql
    AS $$
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

    -- Of several runs of one scenario in the batch the newest gives the latest value; an older run that is
    -- committed after a newer one changes nothing.
    INSERT INTO metric_latest AS m (
        tenant_id, scenario_id, metric, tags_key, tags, asof_date, value, unit, band_lower, band_upper, run_id, computed_at)
    SELECT DISTINCT ON (f.tenant_id, f.scenario_id, x.metric, x.tags_key)
        f.tenant_id, f.scenario_id, x.metric, x.tags_key, x.tags, x.asof_date, x.value, x.unit, x.band_lower, x.band_upper,
        f.run_id, f.created_at
    FROM output_file f, jsonb_to_recordset(f.metrics) AS x(
        metric text, tags_key text, tags jsonb, asof_date date, value double precision, unit text,
        band_lower double precision, band_upper double precision)
    WHERE f.batch_id = p_batch
    ORDER BY f.tenant_id, f.scenario_id, x.metric, x.tags_key, f.run_id DESC
    ON CONFLICT (tenant_id, scenario_id, metric, tags_key) DO UPDATE SET
        tags = EXCLUDED.tags, asof_date = EXCLUDED.asof_date, value = EXCLUDED.value, unit = EXCLUDED.unit,
        band_lower = EXCLUDED.band_lower, band_upper = EXCLUDED.band_upper, run_id = EXCLUDED.run_id,
        computed_at = EXCLUDED.computed_at
    WHERE m.run_id <= EXCLUDED.run_id;
    -- What only an older run had (a technology that is gone) is no longer a value of the scenario.
    DELETE FROM metric_latest m
    USING (SELECT f.tenant_id, f.scenario_id, max(f.run_id::text)::uuid AS run_id FROM output_file f
           WHERE f.batch_id = p_batch GROUP BY f.tenant_id, f.scenario_id) newest
    WHERE m.tenant_id = newest.tenant_id AND m.scenario_id = newest.scenario_id AND m.run_id < newest.run_id;

    INSERT INTO output_version AS v (tenant_id)
    SELECT DISTINCT f.tenant_id FROM output_file f WHERE f.batch_id = p_batch ORDER BY 1
    ON CONFLICT (tenant_id) DO UPDATE SET version = v.version + 1, updated_at = clock_timestamp();

    PERFORM outbox_enqueue(
        r.tenant_id, 'run.completed', format('run:%s:ended', r.id),
        jsonb_build_object('run_id', r.id, 'tenant_id', r.tenant_id, 'scenario_id', r.scenario_id, 'state', 'SUCCEEDED',
                           'version_hash', r.version_hash, 'snapshot_id', p_snapshot::text, 'rows', f.row_count),
        jsonb_build_object('correlation-id', r.correlation_id))
    FROM output_file f JOIN scenario_run r ON r.tenant_id = f.tenant_id AND r.id = f.run_id
    WHERE f.batch_id = p_batch ORDER BY r.tenant_id, r.id;

    PERFORM outbox_enqueue(
        v.tenant_id, 'outputs.invalidated', format('outputs:%s:%s', p_batch, v.tenant_id),
        jsonb_build_object('tenant_id', v.tenant_id, 'output_version', v.version, 'snapshot_id', p_snapshot::text,
                           'scenario_ids', (SELECT jsonb_agg(DISTINCT f.scenario_id) FROM output_file f
                                            WHERE f.batch_id = p_batch AND f.tenant_id = v.tenant_id)),
        '{}'::jsonb)
    FROM output_version v
    WHERE v.tenant_id IN (SELECT f.tenant_id FROM output_file f WHERE f.batch_id = p_batch) ORDER BY v.tenant_id;
    RETURN count;
END
$$;


--
-- Name: count_failure(text, text, integer, text, uuid, uuid, text, timestamp with time zone, text, interval, interval, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.count_failure(p_tenant text, p_signature text, p_algorithm integer, p_title text, p_workflow uuid, p_vendor uuid, p_severity text, p_occurred_at timestamp with time zone, p_correlation_id text, p_grouping interval, p_reopening interval, p_escalate_at integer, OUT incident_id uuid, OUT change text, OUT state text, OUT events bigint, OUT cycle_events bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    moment    timestamptz := clock_timestamp();
    reopened  boolean;
    escalated boolean;
    previous  uuid;
BEGIN
    FOR turn IN 1..5 LOOP
        UPDATE incident i SET
            event_count = i.event_count + 1,
            first_seen = least(i.first_seen, p_occurred_at),
            last_seen = greatest(i.last_seen, p_occurred_at),
            severity = CASE WHEN p_severity = 'CRITICAL' THEN 'CRITICAL' ELSE i.severity END,
            cycle_events = CASE WHEN i.state = 'RESOLVED' AND p_occurred_at > i.resolved_at THEN 1 ELSE i.cycle_events + 1 END,
            escalated_at = CASE
                WHEN i.state = 'RESOLVED' AND p_occurred_at > i.resolved_at THEN CASE WHEN p_severity = 'CRITICAL' OR p_escalate_at <= 1 THEN moment END
                WHEN i.state IN ('NEW', 'ANALYZING', 'ACTIONED') AND i.escalated_at IS NULL
                     AND (i.cycle_events + 1 >= p_escalate_at OR p_severity = 'CRITICAL') THEN moment
                ELSE i.escalated_at END
        WHERE i.tenant_id = p_tenant AND i.signature = p_signature AND i.is_current AND (
               i.state = 'IGNORED'
            OR (i.state = 'RESOLVED' AND p_occurred_at <= i.resolved_at + p_reopening)
            OR (i.state IN ('NEW', 'ANALYZING', 'ACTIONED')
                AND p_occurred_at <= i.last_seen + p_grouping))
        RETURNING i.id, i.state, i.event_count, i.cycle_events, i.escalated_at = moment, i.state = 'RESOLVED' AND p_occurred_at > i.resolved_at
        INTO incident_id, state, events, cycle_events, escalated, reopened;
        IF FOUND THEN
            IF reopened THEN
                UPDATE incident i SET
                    state = 'NEW', state_reason = 'it happened again', cycle = i.cycle + 1, reopened_at = moment, resolved_at = NULL,
                    updated_at = moment, updated_by = 'detection', correlation_id = p_correlation_id
                WHERE i.tenant_id = p_tenant AND i.id = count_failure.incident_id;
                state := 'NEW';
                change := 'REOPENED';
            ELSE
                change := CASE WHEN escalated THEN 'ESCALATED' ELSE 'COUNTED' END;
            END IF;
            RETURN;
        END IF;

        UPDATE incident i SET is_current = false
        WHERE i.tenant_id = p_tenant AND i.signature = p_signature AND i.is_current AND (
               (i.state = 'RESOLVED' AND p_occurred_at > i.resolved_at + p_reopening)
            OR (i.state IN ('NEW', 'ANALYZING', 'ACTIONED') AND p_occurred_at > i.last_seen + p_grouping))
        RETURNING i.id INTO previous;
        INSERT INTO incident AS i (
            tenant_id, id, signature, algorithm, previous_id, title, workflow_id, vendor_id, severity, first_seen, last_seen,
            escalated_at, correlation_id, state_reason)
        VALUES (
            p_tenant, outbox_event_id(), p_signature, p_algorithm, previous, p_title, p_workflow, p_vendor, p_severity, p_occurred_at,
            p_occurred_at, CASE WHEN p_severity = 'CRITICAL' OR p_escalate_at <= 1 THEN moment END, p_correlation_id, 'first seen')
        ON CONFLICT (tenant_id, signature) WHERE is_current DO NOTHING
        RETURNING i.id, i.state, i.event_count, i.cycle_events INTO incident_id, state, events, cycle_events;
        IF FOUND THEN
            change := 'OPENED';
            RETURN;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'the incident of signature % kept changing', p_signature USING ERRCODE = 'serialization_failure';
END
$$;


--
-- Name: current_tenant(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.current_tenant() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.current_tenant', true), '') $$;


--
-- Name: delete_scenario(text, uuid, integer, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.delete_scenario(p_tenant text, p_scenario uuid, p_expected_version integer, p_actor text, p_correlation_id text, OUT outcome text, OUT cancelled integer) RETURNS record
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: end_children(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.end_children() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: end_run(public.scenario_run, text, jsonb, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.end_run(p_run public.scenario_run, p_state text, p_error jsonb, p_actor text) RETURNS public.scenario_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: enter_tenant(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.enter_tenant(p_tenant text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF current_tenant() <> p_tenant AND current_user = 'sextant_app' THEN
        RAISE EXCEPTION 'this transaction belongs to another tenant (row-level security)' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('app.current_tenant', p_tenant, true);
END
$$;


--
-- Name: FUNCTION enter_tenant(p_tenant text); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.enter_tenant(p_tenant text) IS 'Names the tenant of this transaction. set_config called bare pins a proxied session; inside a function it does not.';


--
-- Name: fail_run(text, uuid, bigint, text, jsonb, interval, double precision, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.fail_run(p_tenant text, p_run uuid, p_fencing_token bigint, p_state text, p_error jsonb, p_retry_after interval, p_gb_seconds double precision, p_actor text) RETURNS public.scenario_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: fingerprint_signature(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.fingerprint_signature(p_tenant text, p_fingerprint text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    SELECT encode(sha256(convert_to('1' || E'\n' || p_tenant || E'\n' || 'fingerprint' || E'\n' || p_fingerprint, 'UTF8')), 'hex')
$$;


--
-- Name: finish_part(text, uuid, bigint, text, bigint, double precision); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.finish_part(p_tenant text, p_run uuid, p_fencing_token bigint, p_location text, p_size bigint, p_gb_seconds double precision) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: guard_action_state(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.guard_action_state() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF OLD.state IN ('SUCCEEDED', 'FAILED', 'SKIPPED') THEN
        RAISE EXCEPTION 'the action is over' USING ERRCODE = 'check_violation', CONSTRAINT = 'action_state_machine', TABLE = 'action';
    END IF;
    IF NEW.state <> OLD.state AND NOT (
           (OLD.state = 'PENDING' AND NEW.state IN ('IN_PROGRESS', 'SKIPPED'))
        OR (OLD.state = 'IN_PROGRESS' AND NEW.state IN ('SUCCEEDED', 'FAILED', 'SKIPPED'))
    ) THEN
        RAISE EXCEPTION 'an action cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'action_state_machine', TABLE = 'action';
    END IF;
    IF (NEW.action_type, NEW.target, NEW.parameters, NEW.incident_id, NEW.decision_id, NEW.reverses_id, NEW.dry_run)
       IS DISTINCT FROM (OLD.action_type, OLD.target, OLD.parameters, OLD.incident_id, OLD.decision_id, OLD.reverses_id, OLD.dry_run) THEN
        RAISE EXCEPTION 'what an action is does not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'action_immutable', TABLE = 'action';
    END IF;
    RETURN NEW;
END
$$;


--
-- Name: guard_incident_state(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.guard_incident_state() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.state = OLD.state THEN
            RETURN NEW;
        END IF;
        IF NOT (
               (OLD.state = 'NEW' AND NEW.state IN ('ANALYZING', 'IGNORED'))
            OR (OLD.state = 'ANALYZING' AND NEW.state IN ('ACTIONED', 'RESOLVED', 'IGNORED'))
            OR (OLD.state = 'ACTIONED' AND NEW.state IN ('ANALYZING', 'RESOLVED', 'IGNORED'))
            OR (OLD.state IN ('RESOLVED', 'IGNORED') AND NEW.state = 'NEW')
        ) THEN
            RAISE EXCEPTION 'an incident cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_state_machine', TABLE = 'incident';
        END IF;
    ELSIF NEW.state <> 'NEW' THEN
        RAISE EXCEPTION 'an incident begins as NEW'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_state_machine', TABLE = 'incident';
    END IF;
    INSERT INTO incident_transition (tenant_id, id, incident_id, from_state, to_state, actor, reason)
    VALUES (NEW.tenant_id, outbox_event_id(), NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, NEW.updated_by, NEW.state_reason);
    RETURN NEW;
END
$$;


--
-- Name: guard_run_state(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.guard_run_state() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (
           (OLD.state = 'QUEUED' AND NEW.state IN ('RUNNING', 'CANCELLED', 'FAILED', 'TIMEOUT'))
        OR (OLD.state = 'RUNNING' AND NEW.state IN ('QUEUED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMEOUT'))
    ) THEN
        RAISE EXCEPTION 'a run cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'scenario_run_state_machine', TABLE = 'scenario_run';
    END IF;
    RETURN NEW;
END
$$;


--
-- Name: guard_versioned(regclass); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.guard_versioned(p_table regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER versioned BEFORE UPDATE ON %s FOR EACH ROW'
        ' WHEN (NEW.version <> OLD.version + 1 OR NEW.updated_at <= OLD.updated_at) EXECUTE FUNCTION refuse_unversioned()', p_table);
END
$$;


--
-- Name: ingest_event(text, uuid, uuid, uuid, uuid, uuid, text, text, text, jsonb, text, text, text, text, timestamp with time zone, text, integer, text, interval, interval, integer, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ingest_event(p_tenant text, p_event uuid, p_workflow uuid, p_vendor uuid, p_run uuid, p_incident uuid, p_event_type text, p_severity text, p_source text, p_payload jsonb, p_idempotency_key text, p_request_hash text, p_correlation_id text, p_traceparent text, p_occurred_at timestamp with time zone, p_signature text, p_algorithm integer, p_title text, p_grouping interval, p_reopening interval, p_escalate_at integer, p_review_at integer) RETURNS text[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    counted   record;
    known     uuid;
    known_of  uuid;
    same      boolean;
    active    boolean;
    has_flow  boolean;
BEGIN
    PERFORM enter_tenant(p_tenant);
    IF p_idempotency_key IS NOT NULL THEN
        -- Twins queue here, so that the second finds the first's row and counts nothing. The unique constraint stands behind it.
        PERFORM pg_advisory_xact_lock(hashtextextended(p_tenant || E'\n' || p_idempotency_key, 5));
        SELECT e.id, e.incident_id, e.request_hash = p_request_hash INTO known, known_of, same
        FROM event e WHERE e.tenant_id = p_tenant AND e.idempotency_key = p_idempotency_key;
        IF FOUND THEN
            RETURN ARRAY[CASE WHEN same THEN 'REPLAYED' ELSE 'KEY_REUSED' END, known::text, known_of::text, NULL, NULL];
        END IF;
    END IF;
    SELECT NOT EXISTS (SELECT FROM tenant t WHERE t.tenant_id = p_tenant AND NOT (t.active AND t.deleted_at IS NULL)),
           EXISTS (SELECT FROM workflow w WHERE w.tenant_id = p_tenant AND w.id = p_workflow AND w.deleted_at IS NULL)
    INTO active, has_flow;
    -- The platform's own failures are noticed whatever has become of the tenant.
    IF p_source = 'API' AND NOT active THEN
        RETURN ARRAY['TENANT_INACTIVE', NULL, NULL, NULL, NULL];
    END IF;
    IF p_workflow IS NULL THEN
        p_workflow := platform_workflow(p_tenant);
    ELSIF NOT has_flow THEN
        RETURN ARRAY['WORKFLOW_NOT_FOUND', NULL, NULL, NULL, NULL];
    END IF;
    IF p_vendor IS NOT NULL AND NOT EXISTS (SELECT FROM vendor v WHERE v.tenant_id = p_tenant AND v.id = p_vendor AND v.deleted_at IS NULL) THEN
        RETURN ARRAY['VENDOR_NOT_FOUND', NULL, NULL, NULL, NULL];
    END IF;

    IF p_signature IS NULL THEN
        INSERT INTO event (
            tenant_id, id, workflow_id, vendor_id, run_id, incident_id, event_type, severity, source, payload, idempotency_key,
            request_hash, correlation_id, occurred_at)
        VALUES (
            p_tenant, p_event, p_workflow, p_vendor, p_run, p_incident, p_event_type, p_severity, p_source, p_payload, p_idempotency_key,
            p_request_hash, p_correlation_id, p_occurred_at);
        RETURN ARRAY['CREATED', p_event::text, p_incident::text, NULL, NULL];
    END IF;
    counted := count_failure(
        p_tenant, p_signature, p_algorithm, p_title, p_workflow, p_vendor, p_severity, p_occurred_at, p_correlation_id,
        p_grouping, p_reopening, p_escalate_at);
    INSERT INTO event (
        tenant_id, id, workflow_id, vendor_id, run_id, incident_id, event_type, severity, source, payload, idempotency_key,
        request_hash, correlation_id, occurred_at)
    VALUES (
        p_tenant, p_event, p_workflow, p_vendor, p_run, counted.incident_id, p_event_type, p_severity, p_source, p_payload, p_idempotency_key,
        p_request_hash, p_correlation_id, p_occurred_at);
    IF counted.change <> 'COUNTED' OR ((p_run IS NOT NULL OR counted.cycle_events = p_review_at) AND counted.state <> 'IGNORED') THEN
        PERFORM outbox_enqueue(
            p_tenant, 'incident.changed', format('incident:%s:%s', counted.incident_id, p_event),
            jsonb_build_object('tenant_id', p_tenant, 'incident_id', counted.incident_id, 'event_id', p_event, 'change', counted.change),
            jsonb_build_object('correlation-id', p_correlation_id, 'traceparent', p_traceparent), p_refusable => false);
    END IF;
    RETURN ARRAY['CREATED', p_event::text, counted.incident_id::text, counted.change, counted.events::text];
END
$$;


--
-- Name: invalidate_outputs(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.invalidate_outputs(p_tenant text, p_reason text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    raised bigint;
BEGIN
    INSERT INTO output_version AS v (tenant_id) VALUES (p_tenant)
    ON CONFLICT (tenant_id) DO UPDATE SET version = v.version + 1, updated_at = clock_timestamp()
    RETURNING v.version INTO raised;
    PERFORM outbox_enqueue(
        p_tenant, 'outputs.invalidated', format('outputs:%s:%s', p_tenant, raised),
        jsonb_build_object('tenant_id', p_tenant, 'output_version', raised, 'reason', p_reason), '{}'::jsonb,
        p_refusable => false);
    RETURN raised;
END
$$;


--
-- Name: keep_audit(regclass); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.keep_audit(p_table regclass) RETURNS void
    LANGUAGE plpgsql
    AS $_$
DECLARE
    base    text := (SELECT c.relname FROM pg_class c WHERE c.oid = p_table);
    keeper  text := base || '_keep_audit';
    entries text;
BEGIN
    SELECT string_agg(format($entry$
    IF NEW.%1$I IS DISTINCT FROM OLD.%1$I THEN
        INSERT INTO %2$I (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, %1$L, to_jsonb(OLD.%1$I), to_jsonb(NEW.%1$I),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;$entry$, c.name, base || '_audit'), '')
    INTO entries FROM (SELECT o.name FROM own_columns(p_table) o UNION ALL SELECT 'deleted_at') c;

    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS %L', keeper, format($body$
BEGIN%s
    RETURN NULL;
END
$body$, entries));
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_audit AFTER UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %I()', p_table, keeper);
    PERFORM guard_versioned(p_table);
END
$_$;


--
-- Name: keep_versions(regclass); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.keep_versions(p_table regclass) RETURNS void
    LANGUAGE plpgsql
    AS $_$
DECLARE
    base   text := (SELECT c.relname FROM pg_class c WHERE c.oid = p_table);
    opener text := base || '_open_version';
    keeper text := base || '_keep_version';
    own    text := (SELECT coalesce(string_agg(format(', %I', o.name), ''), '') FROM own_columns(p_table) o);
BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS %L', opener, format($body$
BEGIN
    INSERT INTO %1$I (tenant_id, id, version, valid, deleted_at, changed_by, transaction_id%2$s)
    SELECT tenant_id, id, version, tstzrange(updated_at, NULL), deleted_at, updated_by, (pg_current_xact_id()::text)::bigint%2$s
    FROM created;
    RETURN NULL;
END
$body$, base || '_version', own));
    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS %L', keeper, format($body$
BEGIN
    UPDATE %1$I v SET valid = tstzrange(lower(v.valid), NEW.updated_at)
    WHERE v.tenant_id = OLD.tenant_id AND v.id = OLD.id AND v.version = OLD.version;
    INSERT INTO %1$I (tenant_id, id, version, valid, deleted_at, changed_by, transaction_id%2$s)
    VALUES (NEW.tenant_id, NEW.id, NEW.version, tstzrange(NEW.updated_at, NULL), NEW.deleted_at, NEW.updated_by,
            (pg_current_xact_id()::text)::bigint%3$s);
    RETURN NULL;
END
$body$, base || '_version', own, replace(own, ', ', ', NEW.')));
    EXECUTE format('CREATE OR REPLACE TRIGGER open_version AFTER INSERT ON %s REFERENCING NEW TABLE AS created'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', p_table, opener);
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_version AFTER UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %I()', p_table, keeper);
    EXECUTE format('CREATE OR REPLACE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT'
                   ' WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_forged_version()', base || '_version');
    PERFORM guard_versioned(p_table);
END
$_$;


--
-- Name: kill_switch_over(text, uuid, uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.kill_switch_over(p_tenant text, p_workflow uuid, p_vendor uuid) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    held   kill_switch;
    global boolean := false;
BEGIN
    FOR held IN
        SELECT * FROM kill_switch k
        WHERE (k.tenant_id = '*' AND k.scope = 'GLOBAL')
           OR (k.tenant_id = p_tenant AND k.active AND (
                  k.scope = 'TENANT'
               OR (k.scope = 'WORKFLOW' AND k.target = p_workflow::text)
               OR (k.scope = 'VENDOR' AND k.target = p_vendor::text)))
        ORDER BY k.tenant_id
    LOOP
        global := global OR held.scope = 'GLOBAL';
        IF held.active THEN
            RETURN jsonb_build_object('scope', held.scope, 'target', held.target, 'reason', held.reason, 'switch_id', held.id)::text;
        END IF;
    END LOOP;
    IF NOT global THEN
        RETURN jsonb_build_object('scope', 'UNKNOWN', 'reason', 'the kill switches cannot be read')::text;
    END IF;
    RETURN NULL;
END
$$;


--
-- Name: matching_runs(text, text[], uuid, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.matching_runs(p_tenant text, p_states text[], p_scenario uuid, p_priority text, p_after timestamp with time zone, p_before timestamp with time zone) RETURNS TABLE(id uuid)
    LANGUAGE sql STABLE
    AS $$
    SELECT r.id FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.state = ANY (p_states) AND r.parent_run_id IS NULL
      AND (p_scenario IS NULL OR r.scenario_id = p_scenario)
      AND (p_priority IS NULL OR r.priority = p_priority)
      AND (p_after IS NULL OR r.created_at >= p_after)
      AND (p_before IS NULL OR r.created_at < p_before)
    ORDER BY r.id
$$;


--
-- Name: merge_canonical(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.merge_canonical(p_base text, p_over text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    SELECT '{' || coalesce(string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY key COLLATE "C"), '') || '}'
    FROM (
        SELECT key, value FROM json_each(p_over::json)
        UNION ALL
        SELECT key, value FROM json_each(p_base::json) WHERE NOT (p_over::jsonb ? key)
    ) AS merged
$$;


--
-- Name: move_breaker(text, uuid, boolean, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.move_breaker(p_tenant text, p_vendor uuid, p_open boolean, p_actor text, p_reason text, p_correlation_id text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    moved     vendor_state;
    owner     vendor;
    shared    text;
    linked    uuid;
    payload   jsonb;
BEGIN
    SELECT * INTO STRICT owner FROM vendor v WHERE v.tenant_id = p_tenant AND v.id = p_vendor;
    INSERT INTO vendor_state (tenant_id, vendor_id) VALUES (p_tenant, p_vendor) ON CONFLICT DO NOTHING;
    UPDATE vendor_state s SET
        breaker = CASE WHEN p_open THEN 'OPEN' ELSE 'CLOSED' END,
        opened_at = CASE WHEN p_open THEN clock_timestamp() END,
        opened_by = CASE WHEN p_open THEN p_actor ELSE '' END,
        failures = 0, probe_token = NULL, probe_until = NULL, epoch = s.epoch + 1
    WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor AND (s.breaker = 'CLOSED') = p_open
    RETURNING * INTO moved;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    shared := fingerprint_signature(p_tenant, 'vendor:' || owner.name);
    payload := jsonb_build_object('vendor', owner.name, 'message', p_reason, 'actor', p_actor);
    IF p_open THEN
        PERFORM ingest_event(
            p_tenant, outbox_event_id(), NULL, p_vendor, NULL, NULL, 'vendor.breaker_opened', 'ERROR', 'PLATFORM', payload, NULL, NULL,
            p_correlation_id, '', clock_timestamp(), shared, 1, format('vendor %s fails', owner.name),
            interval '30 minutes', interval '7 days', 10, 3);
    ELSE
        SELECT i.id INTO linked FROM incident i WHERE i.tenant_id = p_tenant AND i.signature = shared AND i.is_current;
        PERFORM ingest_event(
            p_tenant, outbox_event_id(), NULL, p_vendor, NULL, linked, 'vendor.breaker_closed', 'INFO', 'PLATFORM', payload, NULL, NULL,
            p_correlation_id, '', clock_timestamp(), NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    END IF;
    RETURN true;
END
$$;


--
-- Name: next_run(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.next_run(p_after text) RETURNS public.scenario_run
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
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


--
-- Name: open_output_batch(uuid, text, interval, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_output_batch(p_batch uuid, p_owner text, p_lease interval, p_limit integer, OUT outcome text, OUT batch uuid) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    held  output_batch;
    count integer;
BEGIN
    SELECT * INTO held FROM output_batch b WHERE b.state = 'OPEN' FOR UPDATE;
    IF FOUND THEN
        batch := held.id;
        IF held.lease_owner <> p_owner AND held.lease_until >= clock_timestamp() THEN
            outcome := 'BUSY';
            RETURN;
        END IF;
        UPDATE output_batch b SET lease_owner = p_owner, lease_until = clock_timestamp() + p_lease WHERE b.id = held.id;
        outcome := 'RESUMED';
        RETURN;
    END IF;

    IF NOT EXISTS (SELECT FROM output_file f WHERE f.state = 'WAITING') THEN
        outcome := 'EMPTY';
        RETURN;
    END IF;
    INSERT INTO output_batch (id, lease_owner, lease_until) VALUES (p_batch, p_owner, clock_timestamp() + p_lease)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        outcome := 'BUSY';
        RETURN;
    END IF;

    -- The run's row is locked with the file's: a cancellation comes before the assignment or finds it done.
    WITH waiting AS (
        SELECT f.tenant_id, f.run_id
        FROM output_file f JOIN scenario_run r ON r.tenant_id = f.tenant_id AND r.id = f.run_id
        WHERE f.state = 'WAITING' AND r.state = 'RUNNING'
        ORDER BY f.created_at LIMIT p_limit FOR UPDATE OF f, r SKIP LOCKED
    )
    UPDATE output_file f SET state = 'ASSIGNED', batch_id = p_batch
    FROM waiting w WHERE f.tenant_id = w.tenant_id AND f.run_id = w.run_id AND f.state = 'WAITING';
    GET DIAGNOSTICS count = ROW_COUNT;
    IF count = 0 THEN
        DELETE FROM output_batch b WHERE b.id = p_batch;
        outcome := 'EMPTY';
        RETURN;
    END IF;
    UPDATE output_batch b SET file_count = count WHERE b.id = p_batch;
    outcome := 'OPENED';
    batch := p_batch;
END
$$;


--
-- Name: outbox_admit(text, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_admit(p_tenant text, p_events integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    lane    outbox_lane;
    allowed integer;
    waiting bigint;
BEGIN
    SELECT * INTO lane FROM outbox_lane l WHERE l.tenant_id = p_tenant;
    IF NOT FOUND AND pg_try_advisory_xact_lock(hashtextextended(p_tenant, 7390115)) THEN
        -- A tenant's first event. Two of them at once: the second does not wait for the first one's transaction.
        -- Should that one roll back, outbox_find_lanes() gives the tenant its lane.
        INSERT INTO outbox_lane (tenant_id) VALUES (p_tenant) ON CONFLICT DO NOTHING;
    END IF;
    IF p_events IS NULL OR session_user = 'sextant_platform' THEN
        RETURN;
    END IF;
    SELECT coalesce(q.max_pending, d.max_pending) INTO allowed
    FROM tenant_quota d LEFT JOIN tenant_quota q ON q.tenant_id = p_tenant
    WHERE d.tenant_id = '*';
    IF lane.measured_at > clock_timestamp() - interval '2 seconds' AND lane.pending > 1000 THEN
        waiting := lane.pending;
    ELSE
        SELECT count(*) INTO waiting FROM (
            SELECT FROM outbox_pending p WHERE p.tenant_id = p_tenant AND p.position >= coalesce(lane.floor, 0) LIMIT allowed
        ) AS bounded;
        IF waiting > 1000 THEN
            UPDATE outbox_lane l SET pending = waiting, measured_at = clock_timestamp()
            FROM (SELECT FROM outbox_lane w WHERE w.tenant_id = p_tenant FOR UPDATE SKIP LOCKED) AS free
            WHERE l.tenant_id = p_tenant;
        END IF;
    END IF;
    IF waiting + p_events > allowed THEN
        RAISE EXCEPTION 'tenant % has % events pending of % allowed', p_tenant, waiting, allowed
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outbox_backpressure', TABLE = 'outbox_pending';
    END IF;
END
$$;


--
-- Name: outbox_allowance(text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_allowance(p_tenant text, p_now timestamp with time zone, OUT events integer, OUT remaining integer, OUT backoff interval) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    since timestamptz;
    used  bigint;
    rests timestamptz;
BEGIN
    SELECT coalesce(q.batch_limit, d.batch_limit), coalesce(q.max_events, d.max_events),
           make_interval(secs => coalesce(q.backoff_seconds, d.backoff_seconds)),
           greatest(p_now - make_interval(secs => coalesce(q.window_seconds, d.window_seconds)), q.reset_at)
    INTO events, remaining, backoff, since
    FROM tenant_quota d LEFT JOIN tenant_quota q ON q.tenant_id = p_tenant
    WHERE d.tenant_id = '*';
    SELECT sum(u.events), max(u.paused_until) INTO used, rests
    FROM outbox_usage u WHERE u.tenant_id = p_tenant AND u.claimed_at > since;
    remaining := CASE WHEN rests > p_now THEN 0 ELSE greatest(remaining - coalesce(used, 0), 0) END;
    events := least(events, remaining);
END
$$;


--
-- Name: outbox_claim(uuid, integer, interval, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_claim(p_token uuid, p_limit integer, p_lease interval, p_after text DEFAULT ''::text, p_floors jsonb DEFAULT '{}'::jsonb) RETURNS SETOF public.outbox_claimed
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
DECLARE
    moment  timestamptz := clock_timestamp();
    tenants text[];
    floors  bigint[];
BEGIN
    PERFORM outbox_promote(p_limit);

    -- As many lanes as it takes to fill the batch, and their locks. Only then does the next statement's snapshot
    -- begin: it sees whatever was done under a lock before.
    SELECT array_agg(c.tenant_id ORDER BY c.turn), array_agg(c.floor ORDER BY c.turn) INTO tenants, floors
    FROM (
        SELECT w.tenant_id, w.floor, min(w.turn) AS turn
        FROM (
            SELECT lane.tenant_id, lane.floor, row_number() OVER () AS turn
            FROM (
                (SELECT l.tenant_id, greatest(l.floor, (p_floors ->> l.tenant_id)::bigint) AS floor
                 FROM outbox_lane l WHERE l.tenant_id > p_after ORDER BY l.tenant_id)
                UNION ALL
                (SELECT l.tenant_id, greatest(l.floor, (p_floors ->> l.tenant_id)::bigint) AS floor
                 FROM outbox_lane l WHERE l.tenant_id <= p_after ORDER BY l.tenant_id)
            ) AS lane
            CROSS JOIN LATERAL (
                SELECT p.available_at FROM outbox_pending p
                WHERE p.tenant_id = lane.tenant_id AND p.position >= lane.floor
                ORDER BY p.position LIMIT 1
            ) AS head
            -- greatest() is `moment` here; naming the head keeps empty lanes from being asked for their quota.
            CROSS JOIN LATERAL outbox_allowance(lane.tenant_id, greatest(moment, head.available_at)) AS allowance
            CROSS JOIN LATERAL (
                SELECT FROM outbox_pending p
                WHERE p.tenant_id = lane.tenant_id AND p.position >= lane.floor
                ORDER BY p.position LIMIT allowance.events
            ) AS ahead
            WHERE head.available_at <= moment
            LIMIT p_limit
        ) AS w
        GROUP BY w.tenant_id, w.floor
    ) AS c
    WHERE pg_try_advisory_xact_lock(outbox_lane_key(c.tenant_id));
    IF tenants IS NULL THEN
        RETURN;
    END IF;

    moment := clock_timestamp();
    RETURN QUERY
    WITH seen AS (
        SELECT lane.turn, allowance.remaining, allowance.backoff, p.*
        FROM unnest(tenants, floors) WITH ORDINALITY AS lane(tenant_id, floor, turn)
        CROSS JOIN LATERAL outbox_allowance(lane.tenant_id, moment) AS allowance
        CROSS JOIN LATERAL (
            SELECT w.tenant_id, w.position, w.event_id, w.attempts, w.takeovers, w.available_at, w.lease_token, w.lease_through, w.replay_id
            FROM outbox_pending w WHERE w.tenant_id = lane.tenant_id AND w.position >= lane.floor
            ORDER BY w.position LIMIT allowance.events
        ) AS p
        LIMIT p_limit
    ), judged AS (
        SELECT s.*, row_number() OVER follow AS rank,
               bool_or(s.available_at > moment) OVER follow AS blocked,
               first_value(s.takeovers) OVER follow AS head_takeovers,
               coalesce(s.position <= max(s.lease_through) OVER follow, false) AS abandoned
        FROM seen s WINDOW follow AS (PARTITION BY s.turn ORDER BY s.position)
    ), chosen AS MATERIALIZED (
        SELECT * FROM judged j WHERE NOT j.blocked AND (j.rank = 1 OR j.head_takeovers < 2)
    ), counted AS MATERIALIZED (
        SELECT c.turn, min(c.tenant_id) AS tenant_id, min(c.position) AS head, max(c.position) AS through,
               count(*)::integer AS events, min(c.remaining) AS remaining, min(c.backoff) AS backoff
        FROM chosen c GROUP BY c.turn
    ), leased AS (
        UPDATE outbox_pending p SET lease_token = p_token, lease_through = n.through, available_at = moment + p_lease,
            takeovers = p.takeovers + (p.lease_token IS NOT NULL)::integer
        FROM counted n WHERE p.tenant_id = n.tenant_id AND p.position = n.head
    ), taken_over AS (
        UPDATE outbox_pending p SET lease_token = NULL, lease_through = NULL, available_at = '-infinity', takeovers = p.takeovers + 1
        FROM chosen c WHERE c.rank > 1 AND c.abandoned AND p.tenant_id = c.tenant_id AND p.position = c.position
    ), used AS (
        INSERT INTO outbox_usage (tenant_id, claimed_at, token, events, paused_until)
        SELECT n.tenant_id, moment, p_token, n.events, CASE WHEN n.events >= n.remaining THEN moment + n.backoff END FROM counted n
    )
    SELECT c.tenant_id, c.position, c.event_id, e.topic, e.dedupe_key, e.payload::text, e.headers::text, e.created_at,
           c.attempts, (c.takeovers + c.abandoned::integer)::smallint, c.replay_id
    FROM chosen c JOIN outbox_event e ON e.tenant_id = c.tenant_id AND e.id = c.event_id
    ORDER BY c.turn, c.position;
END
$$;


--
-- Name: outbox_enqueue(text, text, text, jsonb, jsonb, interval, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_enqueue(p_tenant text, p_topic text, p_dedupe_key text, p_payload jsonb, p_headers jsonb DEFAULT '{}'::jsonb, p_delay interval DEFAULT NULL::interval, p_refusable boolean DEFAULT true) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
DECLARE
    event uuid;
BEGIN
    INSERT INTO outbox_event (tenant_id, id, topic, dedupe_key, payload, headers)
    VALUES (p_tenant, outbox_event_id(), p_topic, p_dedupe_key, p_payload::json, coalesce(p_headers, '{}')::json)
    ON CONFLICT (tenant_id, dedupe_key) DO NOTHING RETURNING id INTO event;
    IF event IS NULL THEN
        -- A statement of its own: its snapshot sees the one that was there first, also when it has only just committed.
        SELECT e.id INTO STRICT event FROM outbox_event e WHERE e.tenant_id = p_tenant AND e.dedupe_key = p_dedupe_key;
        RETURN event;
    END IF;
    PERFORM outbox_admit(p_tenant, CASE WHEN p_refusable THEN 1 END);
    IF p_delay > interval '0' THEN
        INSERT INTO outbox_delayed (tenant_id, event_id, retry_at) VALUES (p_tenant, event, clock_timestamp() + p_delay);
    ELSE
        INSERT INTO outbox_pending (tenant_id, event_id) VALUES (p_tenant, event);
    END IF;
    RETURN event;
END
$$;


--
-- Name: outbox_enqueue_many(text, text[], text[], jsonb[], jsonb[], interval[], boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_enqueue_many(p_tenant text, p_topics text[], p_dedupe_keys text[], p_payloads jsonb[], p_headers jsonb[], p_delays interval[] DEFAULT NULL::interval[], p_refusable boolean DEFAULT true) RETURNS SETOF uuid
    LANGUAGE plpgsql
    AS $$
DECLARE
    ids   uuid[];
    fresh uuid[];
BEGIN
    SELECT array_agg(outbox_event_id()) INTO ids FROM generate_series(1, cardinality(p_topics));
    WITH stored AS (
        INSERT INTO outbox_event (tenant_id, id, topic, dedupe_key, payload, headers)
        SELECT p_tenant, g.id, g.topic, g.dedupe_key, g.payload::json, coalesce(g.headers, '{}')::json
        FROM unnest(ids, p_topics, p_dedupe_keys, p_payloads, p_headers)
            WITH ORDINALITY AS g(id, topic, dedupe_key, payload, headers, turn)
        ORDER BY g.turn
        ON CONFLICT (tenant_id, dedupe_key) DO NOTHING RETURNING id
    )
    SELECT array_agg(s.id) INTO fresh FROM stored s;
    IF fresh IS NOT NULL THEN
        PERFORM outbox_admit(p_tenant, CASE WHEN p_refusable THEN cardinality(fresh) END);
        INSERT INTO outbox_delayed (tenant_id, event_id, retry_at)
        SELECT p_tenant, g.id, clock_timestamp() + g.delay FROM unnest(ids, p_delays) AS g(id, delay)
        WHERE g.delay > interval '0' AND g.id = ANY (fresh);
        INSERT INTO outbox_pending (tenant_id, event_id)
        SELECT p_tenant, g.id FROM unnest(ids, p_delays) WITH ORDINALITY AS g(id, delay, turn)
        WHERE (g.delay IS NULL OR g.delay <= interval '0') AND g.id = ANY (fresh)
        ORDER BY g.turn;
    END IF;
    RETURN QUERY
        SELECT coalesce(e.id, g.id) FROM unnest(ids, p_dedupe_keys) WITH ORDINALITY AS g(id, dedupe_key, turn)
        LEFT JOIN outbox_event e ON e.tenant_id = p_tenant AND e.dedupe_key = g.dedupe_key
        ORDER BY g.turn;
END
$$;


--
-- Name: outbox_event_id(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_event_id() RETURNS uuid
    LANGUAGE sql PARALLEL SAFE
    AS $$
    SELECT (overlay(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 4096000)::bigint), 15, '0') PLACING '7' FROM 13 FOR 0)
            || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid
$$;


--
-- Name: outbox_figures(timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_figures(p_since timestamp with time zone, p_tenant text DEFAULT NULL::text) RETURNS SETOF public.outbox_figure
    LANGUAGE sql STABLE
    AS $$
    SELECT f.* FROM (
        SELECT l.tenant_id, waiting.pending, waiting.leased,
               (SELECT count(*) FROM outbox_delayed d WHERE d.tenant_id = l.tenant_id) AS delayed,
               (SELECT count(*) FROM outbox_dead d WHERE d.tenant_id = l.tenant_id) AS dead,
               (SELECT e.created_at FROM outbox_event e WHERE e.tenant_id = l.tenant_id AND e.id = head.event_id) AS oldest_pending_at,
               sent.published, sent.last_published_at, sent.claimed_in_window, (outbox_allowance(l.tenant_id, clock_timestamp())).remaining AS allowance
        FROM outbox_lane l
        LEFT JOIN LATERAL (
            SELECT p.event_id, CASE WHEN p.available_at > clock_timestamp() THEN p.lease_through END AS leased_through
            FROM outbox_pending p WHERE p.tenant_id = l.tenant_id AND p.position >= l.floor ORDER BY p.position LIMIT 1
        ) AS head ON true
        CROSS JOIN LATERAL (
            SELECT count(*) AS pending, count(*) FILTER (WHERE p.position <= head.leased_through) AS leased
            FROM outbox_pending p WHERE p.tenant_id = l.tenant_id AND p.position >= l.floor
        ) AS waiting
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(cardinality(u.event_ids)), 0)::bigint AS published, max(u.published_at) AS last_published_at,
                   (SELECT coalesce(sum(c.events), 0)::bigint FROM outbox_usage c WHERE c.tenant_id = l.tenant_id AND c.claimed_at > clock_timestamp() - interval '60 seconds') AS claimed_in_window
            FROM outbox_publication u WHERE u.tenant_id = l.tenant_id AND u.published_at >= p_since
        ) AS sent
        WHERE l.tenant_id = coalesce(p_tenant, l.tenant_id)
    ) AS f
    WHERE f.pending + f.delayed + f.dead + f.published > 0
$$;


--
-- Name: outbox_find_lanes(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_find_lanes() RETURNS integer
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
DECLARE
    made integer;
BEGIN
    WITH RECURSIVE tenants AS (
        (SELECT p.tenant_id FROM outbox_pending p ORDER BY p.tenant_id LIMIT 1)
        UNION ALL
        SELECT following.tenant_id FROM tenants t CROSS JOIN LATERAL (
            SELECT p.tenant_id FROM outbox_pending p WHERE p.tenant_id > t.tenant_id ORDER BY p.tenant_id LIMIT 1
        ) AS following
    )
    INSERT INTO outbox_lane (tenant_id)
    SELECT t.tenant_id FROM tenants t
    WHERE NOT EXISTS (SELECT FROM outbox_lane l WHERE l.tenant_id = t.tenant_id) ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END
$$;


--
-- Name: outbox_lane_key(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_lane_key(p_tenant text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT hashtextextended(p_tenant, 7390113) $$;


--
-- Name: FUNCTION outbox_lane_key(p_tenant text); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.outbox_lane_key(p_tenant text) IS 'The advisory lock of a lane. Two lanes that share one only wait for each other.';


--
-- Name: outbox_measure(jsonb, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_measure(p_floors jsonb, p_watched text[]) RETURNS public.outbox_measured
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
DECLARE
    result outbox_measured;
BEGIN
    -- In this order: who took a position before it was read holds the table's lock while it is looked at.
    SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END INTO result.position FROM outbox_position s;
    SELECT coalesce(array_agg(k.virtualtransaction), '{}') INTO result.writers FROM pg_locks k
    WHERE k.locktype = 'relation' AND k.relation = 'outbox_pending'::regclass AND k.mode = 'RowExclusiveLock'
      AND k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND k.pid <> pg_backend_pid();
    result.complete := NOT result.writers && coalesce(p_watched, '{}');

    WITH measured AS (
        SELECT l.tenant_id, l.floor AS stored_floor, l.pending AS stored_pending, f.floor, counted.pending
        FROM (SELECT key AS tenant_id, value::bigint AS floor FROM jsonb_each_text(p_floors)) AS f
        JOIN outbox_lane l ON l.tenant_id = f.tenant_id
        JOIN tenant_quota d ON d.tenant_id = '*'
        LEFT JOIN tenant_quota q ON q.tenant_id = f.tenant_id
        CROSS JOIN LATERAL (
            SELECT count(*)::integer AS pending FROM (
                SELECT FROM outbox_pending p WHERE p.tenant_id = f.tenant_id AND p.position >= greatest(f.floor, l.floor)
                LIMIT coalesce(q.max_pending, d.max_pending)
            ) AS bounded
        ) AS counted
    ), worth AS (
        SELECT l.tenant_id, m.floor, m.pending
        FROM measured m JOIN outbox_lane l ON l.tenant_id = m.tenant_id
        WHERE m.floor > m.stored_floor + 500 OR m.pending > 1000 OR m.stored_pending > 1000
        FOR UPDATE OF l SKIP LOCKED
    )
    UPDATE outbox_lane l SET floor = greatest(l.floor, w.floor), pending = w.pending, measured_at = clock_timestamp()
    FROM worth w WHERE l.tenant_id = w.tenant_id;
    RETURN result;
END
$$;


--
-- Name: outbox_next_due(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_next_due() RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    AS $$
    SELECT least(
        (SELECT min(d.retry_at) FROM outbox_delayed d),
        (SELECT min(CASE WHEN head.available_at > clock_timestamp() THEN head.available_at
                         WHEN (outbox_allowance(l.tenant_id, clock_timestamp())).remaining > 0 THEN clock_timestamp()
                         ELSE rest.until END)
         FROM outbox_lane l
         CROSS JOIN LATERAL (
             SELECT p.available_at FROM outbox_pending p WHERE p.tenant_id = l.tenant_id AND p.position >= l.floor
             ORDER BY p.position LIMIT 1
         ) AS head
         CROSS JOIN LATERAL (
             SELECT greatest(max(u.paused_until), min(u.claimed_at) + make_interval(secs => coalesce(q.window_seconds, d.window_seconds))) AS until
             FROM tenant_quota d LEFT JOIN tenant_quota q ON q.tenant_id = l.tenant_id
             LEFT JOIN outbox_usage u ON u.tenant_id = l.tenant_id AND u.claimed_at > greatest(
                 clock_timestamp() - make_interval(secs => coalesce(q.window_seconds, d.window_seconds)), q.reset_at)
             WHERE d.tenant_id = '*'
             GROUP BY q.window_seconds, d.window_seconds
         ) AS rest))
$$;


--
-- Name: outbox_promote(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_promote(p_limit integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH due AS (
        DELETE FROM outbox_delayed d USING (
            SELECT w.tenant_id, w.event_id FROM outbox_delayed w
            WHERE w.retry_at <= clock_timestamp() ORDER BY w.retry_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ) AS chosen
        WHERE d.tenant_id = chosen.tenant_id AND d.event_id = chosen.event_id
        RETURNING d.*
    )
    INSERT INTO outbox_pending (tenant_id, event_id, attempts, refusals, replay_id)
    SELECT u.tenant_id, u.event_id, u.attempts, u.refusals, u.replay_id FROM due u ORDER BY u.retry_at;
END
$$;


--
-- Name: outbox_settle(uuid, text[], bigint[], text[], text[], integer, interval, interval, interval, interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.outbox_settle(p_token uuid, p_tenants text[], p_positions bigint[], p_outcomes text[], p_errors text[], p_max_attempts integer, p_base interval, p_cap interval, p_lane_base interval, p_lane_cap interval) RETURNS public.outbox_settled
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    result outbox_settled;
BEGIN
    -- In one order, so that two settlements cannot wait for each other; a claim never waits.
    PERFORM pg_advisory_xact_lock(lane.key)
    FROM (SELECT DISTINCT outbox_lane_key(tenant) AS key FROM unnest(p_tenants) AS tenant ORDER BY key) AS lane;

    WITH claimed AS MATERIALIZED (
        SELECT * FROM unnest(p_tenants, p_positions, p_outcomes, p_errors) AS c(tenant_id, "position", outcome, error)
    ), held AS MATERIALIZED (
        SELECT p.tenant_id FROM (SELECT c.tenant_id, min(c.position) AS "position" FROM claimed c GROUP BY c.tenant_id) AS head
        JOIN outbox_pending p ON p.tenant_id = head.tenant_id AND p.position = head.position
        WHERE p.lease_token = p_token
    ), mine AS MATERIALIZED (
        SELECT c.* FROM held h JOIN claimed c ON c.tenant_id = h.tenant_id
    ), gone AS (
        DELETE FROM outbox_pending p USING mine m
        WHERE p.tenant_id = m.tenant_id AND p.position = m.position AND m.outcome NOT IN ('released', 'untried')
        RETURNING p.tenant_id, p.position, p.event_id, least(p.attempts + 1, 30000) AS attempts, p.refusals + 1 AS refusals, p.replay_id,
                  m.outcome, coalesce(m.error, '') AS error
    ), stays AS MATERIALIZED (
        SELECT m.*, bool_or(m.outcome = 'released') OVER lane AS waits, row_number() OVER (lane ORDER BY m.position) AS rank
        FROM mine m WHERE m.outcome IN ('released', 'untried') WINDOW lane AS (PARTITION BY m.tenant_id)
    ), kept AS (
        UPDATE outbox_pending p SET
            attempts = least(p.attempts + (m.outcome = 'released')::integer, 30000),
            lease_token = NULL, lease_through = NULL,
            available_at = CASE WHEN m.rank = 1 AND m.waits THEN moment + least(p_lane_base * 2 ^ least(p.attempts, 20), p_lane_cap) ELSE '-infinity' END
        FROM stays m
        WHERE p.tenant_id = m.tenant_id AND p.position = m.position AND (m.rank = 1 OR m.outcome = 'released')
    ), sent AS (
        INSERT INTO outbox_publication (tenant_id, published_at, token, event_ids)
        SELECT g.tenant_id, moment, p_token, array_agg(g.event_id ORDER BY g.position) FROM gone g WHERE g.outcome = 'sent' GROUP BY g.tenant_id
    ), delayed AS (
        INSERT INTO outbox_delayed (tenant_id, event_id, retry_at, attempts, refusals, last_error, replay_id)
        SELECT g.tenant_id, g.event_id, moment + least(p_base * 2 ^ least(g.refusals - 1, 20), p_cap), g.attempts, g.refusals, g.error, g.replay_id
        FROM gone g WHERE g.outcome = 'refused' AND g.refusals < p_max_attempts
        ON CONFLICT DO NOTHING
        RETURNING 1
    ), dead AS (
        INSERT INTO outbox_dead (tenant_id, event_id, failed_at, attempts, last_error)
        SELECT g.tenant_id, g.event_id, moment, g.attempts, g.error
        FROM gone g WHERE g.outcome = 'dead' OR (g.outcome = 'refused' AND g.refusals >= p_max_attempts)
        ON CONFLICT (tenant_id, event_id) DO UPDATE SET failed_at = excluded.failed_at, attempts = excluded.attempts, last_error = excluded.last_error
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone g WHERE g.outcome = 'sent'),
           (SELECT count(*) FROM stays),
           (SELECT count(*) FROM delayed), (SELECT count(*) FROM dead),
           (SELECT count(*) FROM claimed) - (SELECT count(*) FROM mine)
    INTO result;
    RETURN result;
END
$$;


--
-- Name: own_columns(regclass); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.own_columns(p_table regclass) RETURNS TABLE(name name)
    LANGUAGE sql STABLE
    AS $$
    SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN (
        'tenant_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by', 'deleted_at')
    ORDER BY a.attnum
$$;


--
-- Name: pin_parameters(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.pin_parameters(p_tenant text, p_parameters text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $_$
DECLARE
    asked  text := p_parameters::jsonb ->> 'baseline';
    wanted integer;
    pinned text;
BEGIN
    IF asked IS NULL THEN
        RETURN p_parameters;
    END IF;
    wanted := substring(asked FROM '@([0-9]{1,9})$')::integer;
    asked := regexp_replace(asked, '@[0-9]{1,9}$', '');
    SELECT b.id || '@' || b.version INTO pinned FROM baseline b
    WHERE b.tenant_id = p_tenant AND (lower(b.name) = lower(asked) OR b.id::text = lower(asked))
      AND (wanted IS NULL OR b.version = wanted)
    ORDER BY b.version DESC LIMIT 1;
    -- Strict: without a baseline the result is NULL.
    RETURN merge_canonical(p_parameters, '{"baseline":"' || pinned || '"}');
END
$_$;


--
-- Name: platform_workflow(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.platform_workflow(p_tenant text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
DECLARE
    found_id uuid;
BEGIN
    SELECT w.id INTO found_id FROM workflow w WHERE w.tenant_id = p_tenant AND lower(w.name) = 'scenario-runs' AND w.deleted_at IS NULL;
    IF FOUND THEN
        RETURN found_id;
    END IF;
    INSERT INTO workflow (tenant_id, id, name, description, created_by, updated_by)
    VALUES (p_tenant, outbox_event_id(), 'scenario-runs', 'The runs of the tenant''s scenarios', 'platform', 'platform')
    ON CONFLICT (tenant_id, lower(name)) WHERE deleted_at IS NULL DO NOTHING;
    SELECT w.id INTO STRICT found_id FROM workflow w WHERE w.tenant_id = p_tenant AND lower(w.name) = 'scenario-runs' AND w.deleted_at IS NULL;
    RETURN found_id;
END
$$;


--
-- Name: protect_append_only(regclass); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.protect_append_only(p_table regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM sextant_app, sextant_platform', p_table);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION refuse_change()', p_table);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', p_table);
END
$$;


--
-- Name: FUNCTION protect_append_only(p_table regclass); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.protect_append_only(p_table regclass) IS 'Makes a table insert-only, by grant and by trigger.';


--
-- Name: protect_tenant_table(regclass); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.protect_tenant_table(p_table regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format('CREATE POLICY tenant_isolation ON %s TO sextant_app '
                   'USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', p_table);
    EXECUTE format('CREATE POLICY platform_access ON %s TO sextant_platform USING (true) WITH CHECK (true)', p_table);
    -- Whoever migrates is the owner and, outside a laptop, no superuser: without this, forced security would
    -- hide every row from the migrations after this one.
    EXECUTE format('CREATE POLICY owner_access ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', p_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO sextant_app, sextant_platform', p_table);
END
$$;


--
-- Name: FUNCTION protect_tenant_table(p_table regclass); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.protect_tenant_table(p_table regclass) IS 'Forces row-level security on a table with tenant_id: the application sees its tenant, the platform sees all.';


--
-- Name: put_setting(text, text, text, jsonb, text, text, uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.put_setting(p_tenant text, p_kind text, p_name text, p_value jsonb, p_actor text, p_reason text, p_audit uuid) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: queue_run(public.scenario_run, text, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.queue_run(p_run public.scenario_run, p_traceparent text, p_data jsonb DEFAULT '{}'::jsonb) RETURNS public.scenario_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: recover_runs(interval, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.recover_runs(p_silence interval, p_limit integer) RETURNS TABLE(requeued integer, failed integer, timed_out integer, asked_again integer)
    LANGUAGE plpgsql
    AS $$
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
            jsonb_build_object('correlation-id', held.correlation_id));
        asked_again := asked_again + 1;
    END LOOP;
    RETURN NEXT;
END
$$;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation',
        CONSTRAINT = TG_TABLE_NAME || '_append_only', TABLE = TG_TABLE_NAME;
END
$$;


--
-- Name: refuse_forged_version(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_forged_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is written by its table alone', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_kept', TABLE = TG_TABLE_NAME;
END
$$;


--
-- Name: refuse_unversioned(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_unversioned() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'a change of % must raise version by one and updated_at', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_versioned', TABLE = TG_TABLE_NAME;
END
$$;


--
-- Name: replay_run(text, uuid, uuid, text, text, uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.replay_run(p_tenant text, p_run uuid, p_new uuid, p_actor text, p_correlation_id text, p_action uuid) RETURNS public.requested_run
    LANGUAGE plpgsql
    AS $$
DECLARE
    result  requested_run;
    old     scenario_run;
    wanted  scenario_run;
    fresh   scenario_run;
    refusal text;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO old FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run;
    IF NOT FOUND THEN
        result.outcome := 'RUN_NOT_FOUND';
        RETURN result;
    ELSIF old.state NOT IN ('FAILED', 'TIMEOUT', 'CANCELLED') THEN
        result.outcome := CASE WHEN old.state = 'SUCCEEDED' THEN 'EXISTING' ELSE 'NOT_ENDED' END;
        result.run := old;
        RETURN result;
    END IF;
    PERFORM FROM scenario s WHERE s.tenant_id = p_tenant AND s.id = old.scenario_id AND s.deleted_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        result.outcome := 'SCENARIO_NOT_FOUND';
        RETURN result;
    END IF;
    refusal := run_admission(p_tenant);
    IF refusal IS NOT NULL THEN
        result.run.tenant_id := p_tenant;
        result.run.error := refusal::jsonb;
        result.outcome := 'NOT_ADMITTED';
        RETURN result;
    END IF;
    wanted := old;
    wanted.id := p_new;
    wanted.idempotency_key := NULL;
    wanted.correlation_id := p_correlation_id;
    wanted.created_by := p_actor;
    FOR turn IN 1..5 LOOP
        fresh := queue_run(wanted, '', jsonb_build_object('replay_of', p_run));
        IF fresh.id IS NOT NULL THEN
            INSERT INTO run_replay (tenant_id, run_id, replays_id, root_id, generation, action_id)
            SELECT p_tenant, p_new, p_run, coalesce(p.root_id, p_run), coalesce(p.generation, 0) + 1, p_action
            FROM (SELECT) AS one LEFT JOIN run_replay p ON p.tenant_id = p_tenant AND p.run_id = p_run;
            result.run := fresh;
            result.outcome := 'CREATED';
            RETURN result;
        END IF;
        SELECT * INTO fresh FROM scenario_run r
        WHERE r.tenant_id = p_tenant AND r.scenario_id = old.scenario_id AND r.version_hash = old.version_hash
          AND r.state IN ('QUEUED', 'RUNNING', 'SUCCEEDED');
        IF FOUND THEN
            result.run := fresh;
            result.outcome := 'EXISTING';
            RETURN result;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'the replay of run % kept colliding', p_run USING ERRCODE = 'serialization_failure';
END
$$;


--
-- Name: replay_runs(text, uuid[], text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.replay_runs(p_tenant text, p_runs uuid[], p_actor text, p_correlation_id text, p_traceparent text, OUT runs uuid[], OUT skipped integer) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    held   scenario_run;
    queued scenario_run;
BEGIN
    runs := '{}';
    skipped := 0;
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


--
-- Name: request_run(text, uuid, uuid, text, text, text, bigint, text, integer, integer, text, text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.request_run(p_tenant text, p_run uuid, p_scenario uuid, p_parameters text, p_code_version text, p_environment text, p_seed bigint, p_priority text, p_timeout_minutes integer, p_max_retries integer, p_idempotency_key text, p_request_hash text, p_actor text, p_correlation_id text, p_traceparent text) RETURNS public.requested_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: request_run_admitted(text[], text, uuid, uuid, text, text, text, bigint, text, integer, integer, text, text, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.request_run_admitted(p_rules text[], p_tenant text, p_run uuid, p_scenario uuid, p_parameters text, p_code_version text, p_environment text, p_seed bigint, p_priority text, p_timeout_minutes integer, p_max_retries integer, p_idempotency_key text, p_request_hash text, p_actor text, p_correlation_id text, p_traceparent text) RETURNS public.admitted_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: request_runs(text, uuid, jsonb, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.request_runs(p_tenant text, p_scenario uuid, p_items jsonb, p_actor text, p_correlation_id text, p_traceparent text) RETURNS SETOF public.requested_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: requeue_run(public.scenario_run, jsonb, text, interval, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.requeue_run(p_run public.scenario_run, p_error jsonb, p_attempt_outcome text, p_delay interval, p_actor text) RETURNS public.scenario_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: restore_scenario(text, uuid, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.restore_scenario(p_tenant text, p_scenario uuid, p_actor text, p_correlation_id text) RETURNS public.changed_scenario
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: resume_runs(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.resume_runs(p_tenant text) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    count integer;
BEGIN
    PERFORM outbox_enqueue(
        r.tenant_id, 'run.requested', format('run:%s:%s:%s', r.id, r.fencing_token, (extract(epoch FROM clock_timestamp()) * 1000)::bigint),
        jsonb_build_object('run_id', r.id, 'tenant_id', r.tenant_id, 'scenario_id', r.scenario_id),
        jsonb_build_object('correlation-id', r.correlation_id), p_refusable => false)
    FROM scenario_run r WHERE r.state = 'QUEUED' AND (p_tenant = '*' OR r.tenant_id = p_tenant);
    GET DIAGNOSTICS count = ROW_COUNT;
    RETURN count;
END
$$;


--
-- Name: run_admission(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.run_admission(p_tenant text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    flow    workflow;
    refusal text;
BEGIN
    IF EXISTS (SELECT FROM tenant t WHERE t.tenant_id = p_tenant AND NOT (t.active AND t.deleted_at IS NULL)) THEN
        RETURN jsonb_build_object('scope', 'TENANT', 'target', p_tenant, 'reason', 'the tenant is not active')::text;
    END IF;
    SELECT * INTO flow FROM workflow w WHERE w.tenant_id = p_tenant AND lower(w.name) = 'scenario-runs' AND w.deleted_at IS NULL;
    refusal := kill_switch_over(p_tenant, flow.id, NULL);
    IF refusal IS NULL AND flow.state = 'PAUSED' THEN
        refusal := jsonb_build_object('scope', 'WORKFLOW', 'target', flow.id, 'reason', 'the workflow is paused')::text;
    END IF;
    RETURN refusal;
END
$$;


--
-- Name: run_claim_order(text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.run_claim_order(p_priority text, p_since timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT p_since - interval '10 minutes' * (array_position(ARRAY['LOW', 'NORMAL', 'HIGH', 'CRITICAL'], p_priority) - 1)
$$;


--
-- Name: run_limit(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.run_limit(p_tenant text) RETURNS integer
    LANGUAGE sql STABLE
    AS $$ SELECT coalesce((setting_of(p_tenant, 'concurrency', 'runs') ->> 'max_running')::integer, 100) $$;


--
-- Name: run_version_hash(text, uuid, integer, text, text, text, text, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.run_version_hash(p_tenant text, p_scenario uuid, p_scenario_version integer, p_assumptions text, p_parameters text, p_environment text, p_code_version text, p_seed bigint) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
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


--
-- Name: runs_in_work(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.runs_in_work(p_tenant text) RETURNS integer
    LANGUAGE sql STABLE
    AS $$
    SELECT count(*)::integer FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.state = 'RUNNING' AND r.lease_until IS NOT NULL
$$;


--
-- Name: kill_switch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kill_switch (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    scope text NOT NULL,
    target text NOT NULL,
    active boolean NOT NULL,
    by_platform boolean DEFAULT false NOT NULL,
    reason text NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT kill_switch_global_check CHECK (((scope = 'GLOBAL'::text) = (tenant_id = '*'::text))),
    CONSTRAINT kill_switch_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000))),
    CONSTRAINT kill_switch_scope_check CHECK ((scope = ANY (ARRAY['GLOBAL'::text, 'TENANT'::text, 'WORKFLOW'::text, 'VENDOR'::text])))
);

ALTER TABLE ONLY public.kill_switch FORCE ROW LEVEL SECURITY;


--
-- Name: COLUMN kill_switch.by_platform; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.kill_switch.by_platform IS 'Set by the platform: the tenant itself cannot lift it.';


--
-- Name: set_kill_switch(text, text, text, boolean, text, text, boolean, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.set_kill_switch(p_tenant text, p_scope text, p_target text, p_active boolean, p_reason text, p_actor text, p_platform boolean, p_correlation_id text, OUT outcome text, OUT switch public.kill_switch) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    owner text := CASE WHEN p_scope = 'GLOBAL' THEN '*' ELSE p_tenant END;
BEGIN
    INSERT INTO kill_switch (tenant_id, id, scope, target, active, reason, changed_by)
    VALUES (owner, outbox_event_id(), p_scope, p_target, false, p_reason, p_actor)
    ON CONFLICT (tenant_id, scope, target) DO NOTHING;
    SELECT * INTO STRICT switch FROM kill_switch k
    WHERE k.tenant_id = owner AND k.scope = p_scope AND k.target = p_target FOR UPDATE;
    IF switch.active = p_active THEN
        outcome := 'UNCHANGED';
        RETURN;
    ELSIF switch.active AND switch.by_platform AND NOT p_platform THEN
        outcome := 'HELD_BY_PLATFORM';
        RETURN;
    END IF;
    UPDATE kill_switch k SET active = p_active, by_platform = p_platform, reason = p_reason, changed_by = p_actor, changed_at = clock_timestamp()
    WHERE k.tenant_id = owner AND k.id = switch.id RETURNING * INTO switch;
    INSERT INTO kill_switch_audit (tenant_id, id, switch_id, scope, target, active, reason, actor, correlation_id)
    VALUES (owner, outbox_event_id(), switch.id, p_scope, p_target, p_active, p_reason, p_actor, p_correlation_id);
    IF NOT p_active THEN
        PERFORM resume_runs(owner);
    END IF;
    outcome := 'CHANGED';
END
$$;


--
-- Name: set_run_state(text, uuid, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.set_run_state(p_tenant text, p_run uuid, p_state text, p_reason text, p_actor text) RETURNS public.cancelled_run
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: setting_of(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.setting_of(p_tenant text, p_kind text, p_name text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT s.value FROM setting s
    WHERE s.tenant_id IN (p_tenant, '*') AND s.kind = p_kind AND s.name = p_name
    ORDER BY (s.tenant_id = '*') LIMIT 1
$$;


--
-- Name: settle_parent(text, uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.settle_parent(p_tenant text, p_parent uuid) RETURNS text
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: settle_parents(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.settle_parents(p_limit integer) RETURNS integer
    LANGUAGE sql
    AS $$
    SELECT count(*) FILTER (WHERE settle_parent(w.tenant_id, w.id) IN ('MERGING', 'FAILED', 'TIMEOUT'))::integer
    FROM (SELECT r.tenant_id, r.id FROM scenario_run r
          WHERE r.state = 'RUNNING' AND r.parts IS NOT NULL AND r.lease_until IS NULL ORDER BY r.started_at LIMIT p_limit) AS w
$$;


--
-- Name: split_run(text, uuid, bigint, jsonb[], double precision, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.split_run(p_tenant text, p_run uuid, p_fencing_token bigint, p_parts jsonb[], p_gb_seconds double precision, p_actor text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: store_output(text, uuid, bigint, jsonb, jsonb, jsonb, bigint, bigint, double precision); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.store_output(p_tenant text, p_run uuid, p_fencing_token bigint, p_descriptor jsonb, p_metrics jsonb, p_result jsonb, p_row_count bigint, p_byte_count bigint, p_gb_seconds double precision) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    held scenario_run;
BEGIN
    SELECT * INTO held FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.id = p_run AND r.state = 'RUNNING' AND r.fencing_token = p_fencing_token FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
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


--
-- Name: tenant_keep_audit(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tenant_keep_audit() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.name IS DISTINCT FROM OLD.name THEN
        INSERT INTO tenant_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'name', to_jsonb(OLD.name), to_jsonb(NEW.name),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.active IS DISTINCT FROM OLD.active THEN
        INSERT INTO tenant_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'active', to_jsonb(OLD.active), to_jsonb(NEW.active),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.settings IS DISTINCT FROM OLD.settings THEN
        INSERT INTO tenant_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'settings', to_jsonb(OLD.settings), to_jsonb(NEW.settings),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.deleted_at IS DISTINCT FROM OLD.deleted_at THEN
        INSERT INTO tenant_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'deleted_at', to_jsonb(OLD.deleted_at), to_jsonb(NEW.deleted_at),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    RETURN NULL;
END
$$;


--
-- Name: update_scenario(text, uuid, integer, text, text, text, text, text, text[], text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.update_scenario(p_tenant text, p_scenario uuid, p_expected_version integer, p_name text, p_description text, p_status text, p_assumptions text, p_parameters text, p_tags text[], p_actor text, p_correlation_id text) RETURNS public.changed_scenario
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: uuid_high(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.uuid_high(p_id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT ('x' || left(replace(p_id::text, '-', ''), 16))::bit(64)::bigint $$;


--
-- Name: uuid_low(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.uuid_low(p_id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT ('x' || right(replace(p_id::text, '-', ''), 16))::bit(64)::bigint $$;


--
-- Name: vendor_enter(text, text, interval); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.vendor_enter(p_tenant text, p_vendor text, p_patience interval) RETURNS public.vendor_admission
    LANGUAGE plpgsql
    AS $$
DECLARE
    result vendor_admission;
    owner  vendor;
    held   vendor_state;
    moment timestamptz;
    second bigint;
    used   bigint;
    oldest bigint;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO owner FROM vendor v WHERE v.tenant_id = p_tenant AND lower(v.name) = lower(p_vendor) AND v.deleted_at IS NULL;
    IF NOT FOUND THEN
        result.outcome := 'UNKNOWN';
        RETURN result;
    END IF;
    result.vendor_id := owner.id;
    result.reason := kill_switch_over(p_tenant, NULL, owner.id);
    IF result.reason IS NOT NULL THEN
        result.outcome := 'KILL_SWITCH';
        RETURN result;
    END IF;
    SELECT * INTO held FROM vendor_state s WHERE s.tenant_id = p_tenant AND s.vendor_id = owner.id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO vendor_state (tenant_id, vendor_id) VALUES (p_tenant, owner.id) ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT held FROM vendor_state s WHERE s.tenant_id = p_tenant AND s.vendor_id = owner.id FOR UPDATE;
    END IF;
    moment := clock_timestamp();
    result.epoch := held.epoch;
    result.outcome := 'ADMITTED';
    IF held.breaker <> 'CLOSED' THEN
        result.wait_seconds := extract(epoch FROM greatest(
            held.opened_at + make_interval(secs => owner.reset_seconds), coalesce(held.probe_until, '-infinity')) - moment);
        IF result.wait_seconds > 0 THEN
            result.outcome := 'OPEN';
            RETURN result;
        END IF;
        result.outcome := 'PROBE';
        result.token := gen_random_uuid();
    END IF;
    IF owner.rate_per_minute IS NOT NULL THEN
        second := floor(extract(epoch FROM moment));
        -- What is older than 60 seconds leaves the ring; a clock that steps back counts into the newest second.
        second := greatest(second, held.calls_until);
        FOR past IN greatest(held.calls_until + 1, second - 60)..second LOOP
            held.calls[past % 61 + 1] := 0;
        END LOOP;
        SELECT sum(c) INTO used FROM unnest(held.calls) AS c;
        IF used >= owner.rate_per_minute THEN
            SELECT min(s) INTO oldest FROM generate_series(second - 60, second) AS s WHERE held.calls[s % 61 + 1] > 0;
            result.outcome := 'RATE_LIMITED';
            result.token := NULL;
            result.wait_seconds := greatest(0.05, oldest + 61 - extract(epoch FROM moment));
            RETURN result;
        END IF;
        held.calls[second % 61 + 1] := held.calls[second % 61 + 1] + 1;
    END IF;
    IF owner.rate_per_minute IS NOT NULL OR result.token IS NOT NULL THEN
        UPDATE vendor_state s SET
            calls = held.calls, calls_until = coalesce(second, s.calls_until),
            breaker = CASE WHEN result.token IS NOT NULL THEN 'HALF_OPEN' ELSE s.breaker END,
            probe_token = coalesce(result.token, s.probe_token),
            probe_until = CASE WHEN result.token IS NOT NULL THEN moment + p_patience ELSE s.probe_until END
        WHERE s.tenant_id = p_tenant AND s.vendor_id = owner.id;
    END IF;
    RETURN result;
END
$$;


--
-- Name: vendor_keep_audit(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.vendor_keep_audit() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.name IS DISTINCT FROM OLD.name THEN
        INSERT INTO vendor_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'name', to_jsonb(OLD.name), to_jsonb(NEW.name),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.description IS DISTINCT FROM OLD.description THEN
        INSERT INTO vendor_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'description', to_jsonb(OLD.description), to_jsonb(NEW.description),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.failure_threshold IS DISTINCT FROM OLD.failure_threshold THEN
        INSERT INTO vendor_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'failure_threshold', to_jsonb(OLD.failure_threshold), to_jsonb(NEW.failure_threshold),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.reset_seconds IS DISTINCT FROM OLD.reset_seconds THEN
        INSERT INTO vendor_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'reset_seconds', to_jsonb(OLD.reset_seconds), to_jsonb(NEW.reset_seconds),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.rate_per_minute IS DISTINCT FROM OLD.rate_per_minute THEN
        INSERT INTO vendor_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'rate_per_minute', to_jsonb(OLD.rate_per_minute), to_jsonb(NEW.rate_per_minute),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.max_retries IS DISTINCT FROM OLD.max_retries THEN
        INSERT INTO vendor_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'max_retries', to_jsonb(OLD.max_retries), to_jsonb(NEW.max_retries),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.deleted_at IS DISTINCT FROM OLD.deleted_at THEN
        INSERT INTO vendor_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'deleted_at', to_jsonb(OLD.deleted_at), to_jsonb(NEW.deleted_at),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    RETURN NULL;
END
$$;


--
-- Name: vendor_leave(text, uuid, bigint, uuid, boolean, text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.vendor_leave(p_tenant text, p_vendor uuid, p_epoch bigint, p_token uuid, p_succeeded boolean, p_actor text, p_reason text, p_correlation_id text) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    held  vendor_state;
    limit_ integer;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO STRICT held FROM vendor_state s WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor FOR UPDATE;
    IF held.epoch <> p_epoch OR held.probe_token IS DISTINCT FROM p_token THEN
        RETURN held.breaker;
    END IF;
    IF p_token IS NOT NULL AND p_succeeded THEN
        PERFORM move_breaker(p_tenant, p_vendor, false, p_actor, 'the probe succeeded', p_correlation_id);
        RETURN 'CLOSED';
    ELSIF p_token IS NOT NULL THEN
        UPDATE vendor_state s SET breaker = 'OPEN', opened_at = clock_timestamp(), probe_token = NULL, probe_until = NULL, epoch = s.epoch + 1
        WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor;
        RETURN 'OPEN';
    ELSIF p_succeeded THEN
        IF held.failures > 0 THEN
            UPDATE vendor_state s SET failures = 0 WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor;
        END IF;
        RETURN 'CLOSED';
    END IF;
    UPDATE vendor_state s SET failures = s.failures + 1 WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor RETURNING * INTO held;
    SELECT v.failure_threshold INTO STRICT limit_ FROM vendor v WHERE v.tenant_id = p_tenant AND v.id = p_vendor;
    IF held.failures >= limit_ THEN
        PERFORM move_breaker(p_tenant, p_vendor, true, p_actor, format('%s failures in a row, the last: %s', held.failures, p_reason), p_correlation_id);
        RETURN 'OPEN';
    END IF;
    RETURN 'CLOSED';
END
$$;


--
-- Name: wake_next_run(public.scenario_run); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wake_next_run(p_freed public.scenario_run) RETURNS void
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: wake_runs(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wake_runs(p_tenant text, p_cause text) RETURNS integer
    LANGUAGE sql
    AS $$
    SELECT count(outbox_enqueue(
        w.tenant_id, 'run.requested', format('run:%s:woken:%s', w.id, p_cause),
        jsonb_build_object('run_id', w.id, 'tenant_id', w.tenant_id, 'scenario_id', w.scenario_id),
        jsonb_build_object('correlation-id', w.correlation_id), p_refusable => false))::integer
    FROM (SELECT * FROM scenario_run r
          WHERE r.tenant_id = p_tenant AND r.state = 'QUEUED' AND r.available_at <= clock_timestamp()
          ORDER BY r.claim_order, r.id LIMIT greatest(run_limit(p_tenant) - runs_in_work(p_tenant), 0)) AS w
$$;


--
-- Name: workflow_keep_audit(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.workflow_keep_audit() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.name IS DISTINCT FROM OLD.name THEN
        INSERT INTO workflow_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'name', to_jsonb(OLD.name), to_jsonb(NEW.name),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.description IS DISTINCT FROM OLD.description THEN
        INSERT INTO workflow_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'description', to_jsonb(OLD.description), to_jsonb(NEW.description),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.state IS DISTINCT FROM OLD.state THEN
        INSERT INTO workflow_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'state', to_jsonb(OLD.state), to_jsonb(NEW.state),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.max_retries IS DISTINCT FROM OLD.max_retries THEN
        INSERT INTO workflow_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'max_retries', to_jsonb(OLD.max_retries), to_jsonb(NEW.max_retries),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.dry_run IS DISTINCT FROM OLD.dry_run THEN
        INSERT INTO workflow_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'dry_run', to_jsonb(OLD.dry_run), to_jsonb(NEW.dry_run),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    IF NEW.deleted_at IS DISTINCT FROM OLD.deleted_at THEN
        INSERT INTO workflow_audit (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, 'deleted_at', to_jsonb(OLD.deleted_at), to_jsonb(NEW.deleted_at),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;
    RETURN NULL;
END
$$;


--
-- Name: action; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.action (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    incident_id uuid,
    decision_id uuid,
    ordinal smallint DEFAULT 0 NOT NULL,
    action_type text NOT NULL,
    target text DEFAULT ''::text NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    state text DEFAULT 'PENDING'::text NOT NULL,
    result jsonb,
    dry_run boolean DEFAULT false NOT NULL,
    reverses_id uuid,
    attempt smallint DEFAULT 1 NOT NULL,
    postponed smallint DEFAULT 0 NOT NULL,
    requested_by text NOT NULL,
    correlation_id text DEFAULT ''::text NOT NULL,
    due_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    completed_by text,
    CONSTRAINT action_completed_check CHECK (((completed_at IS NOT NULL) = (state = ANY (ARRAY['SUCCEEDED'::text, 'FAILED'::text, 'SKIPPED'::text])))),
    CONSTRAINT action_state_check CHECK ((state = ANY (ARRAY['PENDING'::text, 'IN_PROGRESS'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'SKIPPED'::text]))),
    CONSTRAINT action_type_check CHECK ((action_type = ANY (ARRAY['RETRY'::text, 'ESCALATE'::text, 'MANUAL'::text, 'BREAKER_OPEN'::text, 'BREAKER_CLOSE'::text, 'KILL_SWITCH_ON'::text, 'KILL_SWITCH_OFF'::text, 'WORKFLOW_PAUSE'::text, 'WORKFLOW_RESUME'::text, 'CANCEL_RUN'::text])))
);

ALTER TABLE ONLY public.action FORCE ROW LEVEL SECURITY;


--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: baseline; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.baseline (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    location text NOT NULL,
    digest text NOT NULL,
    options jsonb NOT NULL,
    summary jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    CONSTRAINT baseline_name_check CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$'::text)),
    CONSTRAINT baseline_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY public.baseline FORCE ROW LEVEL SECURITY;


--
-- Name: config_audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.config_audit (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    before jsonb,
    after jsonb,
    actor text NOT NULL,
    reason text NOT NULL,
    occurred_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.config_audit FORCE ROW LEVEL SECURITY;


--
-- Name: decision; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.decision (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    event_id uuid,
    trigger_key text NOT NULL,
    decision_type text NOT NULL,
    maker text NOT NULL,
    maker_name text NOT NULL,
    confidence double precision NOT NULL,
    reasoning text NOT NULL,
    proposal jsonb NOT NULL,
    verdict text NOT NULL,
    verdict_reason text DEFAULT ''::text NOT NULL,
    correlation_id text DEFAULT ''::text NOT NULL,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT decision_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT decision_maker_check CHECK ((maker = ANY (ARRAY['RULE'::text, 'AI'::text, 'PERSON'::text]))),
    CONSTRAINT decision_reasoning_check CHECK (((length(reasoning) >= 1) AND (length(reasoning) <= 8000))),
    CONSTRAINT decision_verdict_check CHECK ((verdict = ANY (ARRAY['ACTED'::text, 'ADVISORY'::text, 'REJECTED'::text])))
);

ALTER TABLE ONLY public.decision FORCE ROW LEVEL SECURITY;


--
-- Name: COLUMN decision.verdict; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.decision.verdict IS 'ACTED: its actions were taken. ADVISORY: kept to be read, below the threshold. REJECTED: outside the rules.';


--
-- Name: event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    vendor_id uuid,
    run_id uuid,
    incident_id uuid,
    event_type text NOT NULL,
    severity text NOT NULL,
    source text NOT NULL,
    payload jsonb NOT NULL,
    idempotency_key text,
    request_hash text,
    correlation_id text DEFAULT ''::text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT event_severity_check CHECK ((severity = ANY (ARRAY['INFO'::text, 'WARNING'::text, 'ERROR'::text, 'CRITICAL'::text]))),
    CONSTRAINT event_source_check CHECK ((source = ANY (ARRAY['API'::text, 'PLATFORM'::text]))),
    CONSTRAINT event_type_check CHECK ((event_type ~ '^[a-z0-9][a-z0-9_.:-]{0,99}$'::text))
);

ALTER TABLE ONLY public.event FORCE ROW LEVEL SECURITY;


--
-- Name: inbox_message; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.inbox_message (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.inbox_message FORCE ROW LEVEL SECURITY;


--
-- Name: incident; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.incident (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    signature text NOT NULL,
    algorithm smallint NOT NULL,
    is_current boolean DEFAULT true NOT NULL,
    previous_id uuid,
    title text NOT NULL,
    workflow_id uuid NOT NULL,
    vendor_id uuid,
    state text DEFAULT 'NEW'::text NOT NULL,
    state_reason text DEFAULT ''::text NOT NULL,
    severity text NOT NULL,
    event_count bigint DEFAULT 1 NOT NULL,
    cycle integer DEFAULT 1 NOT NULL,
    cycle_events bigint DEFAULT 1 NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    escalated_at timestamp with time zone,
    reopened_at timestamp with time zone,
    resolved_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_by text DEFAULT 'detection'::text NOT NULL,
    correlation_id text DEFAULT ''::text NOT NULL,
    CONSTRAINT incident_resolved_check CHECK (((resolved_at IS NOT NULL) = (state = 'RESOLVED'::text))),
    CONSTRAINT incident_severity_check CHECK ((severity = ANY (ARRAY['ERROR'::text, 'CRITICAL'::text]))),
    CONSTRAINT incident_state_check CHECK ((state = ANY (ARRAY['NEW'::text, 'ANALYZING'::text, 'ACTIONED'::text, 'RESOLVED'::text, 'IGNORED'::text])))
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.incident FORCE ROW LEVEL SECURITY;


--
-- Name: COLUMN incident.is_current; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.incident.is_current IS 'Whether the next failure of this signature looks at this incident; a quiet one makes way for its successor.';


--
-- Name: COLUMN incident.cycle_events; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.incident.cycle_events IS 'Failures since the incident was opened or reopened last; escalation counts these.';


--
-- Name: incident_transition; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.incident_transition (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    from_state text,
    to_state text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    occurred_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.incident_transition FORCE ROW LEVEL SECURITY;


--
-- Name: kill_switch_audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kill_switch_audit (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    switch_id uuid NOT NULL,
    scope text NOT NULL,
    target text NOT NULL,
    active boolean NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    correlation_id text DEFAULT ''::text NOT NULL,
    occurred_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.kill_switch_audit FORCE ROW LEVEL SECURITY;


--
-- Name: metric_latest; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.metric_latest (
    tenant_id text NOT NULL,
    scenario_id uuid NOT NULL,
    metric text NOT NULL,
    tags_key text NOT NULL,
    tags jsonb NOT NULL,
    asof_date date NOT NULL,
    value double precision NOT NULL,
    unit text NOT NULL,
    band_lower double precision,
    band_upper double precision,
    run_id uuid NOT NULL,
    computed_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.metric_latest FORCE ROW LEVEL SECURITY;


--
-- Name: outbox_audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_audit (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    occurred_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.outbox_audit FORCE ROW LEVEL SECURITY;


--
-- Name: outbox_dead; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_dead (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    event_id uuid NOT NULL,
    failed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    attempts smallint NOT NULL,
    last_error text NOT NULL
);

ALTER TABLE ONLY public.outbox_dead FORCE ROW LEVEL SECURITY;


--
-- Name: outbox_delayed; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_delayed (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    event_id uuid NOT NULL,
    retry_at timestamp with time zone NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    refusals smallint DEFAULT 0 NOT NULL,
    last_error text,
    replay_id uuid
);

ALTER TABLE ONLY public.outbox_delayed FORCE ROW LEVEL SECURITY;


--
-- Name: outbox_event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_event (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    topic text NOT NULL,
    dedupe_key text COLLATE pg_catalog."C",
    payload json NOT NULL,
    headers json DEFAULT '{}'::json NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT outbox_event_dedupe_key_check CHECK (((length(dedupe_key) >= 1) AND (length(dedupe_key) <= 255))),
    CONSTRAINT outbox_event_headers_check CHECK ((json_typeof(headers) = 'object'::text)),
    CONSTRAINT outbox_event_topic_check CHECK ((topic ~ '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$'::text))
);

ALTER TABLE ONLY public.outbox_event FORCE ROW LEVEL SECURITY;


--
-- Name: outbox_lane; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_lane (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    floor bigint DEFAULT 0 NOT NULL,
    pending integer DEFAULT 0 NOT NULL,
    measured_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT outbox_lane_tenant_check CHECK ((tenant_id ~ '^([a-z0-9][a-z0-9_-]{0,62}|-)$'::text))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.1', autovacuum_vacuum_threshold='200');

ALTER TABLE ONLY public.outbox_lane FORCE ROW LEVEL SECURITY;


--
-- Name: COLUMN outbox_lane.floor; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_lane.floor IS 'No pending row of this tenant stands, or ever will, below this position: scans start here, past the dead rows.';


--
-- Name: COLUMN outbox_lane.pending; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_lane.pending IS 'How many were pending at measured_at; kept only for long lanes.';


--
-- Name: outbox_position; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.outbox_position
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: outbox_pending; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_pending (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint DEFAULT nextval('public.outbox_position'::regclass) NOT NULL,
    event_id uuid NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    refusals smallint DEFAULT 0 NOT NULL,
    takeovers smallint DEFAULT 0 NOT NULL,
    available_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    lease_token uuid,
    lease_through bigint,
    replay_id uuid
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

ALTER TABLE ONLY public.outbox_pending FORCE ROW LEVEL SECURITY;


--
-- Name: COLUMN outbox_pending.attempts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_pending.attempts IS 'How often a relay tried to publish the event and said that it had failed.';


--
-- Name: COLUMN outbox_pending.refusals; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_pending.refusals IS 'How many of the attempts failed because of the event itself.';


--
-- Name: COLUMN outbox_pending.takeovers; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_pending.takeovers IS 'How often a relay held the event and was never heard of again.';


--
-- Name: COLUMN outbox_pending.available_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_pending.available_at IS 'Lease and backoff in one: before it, nobody takes this row or one behind it.';


--
-- Name: COLUMN outbox_pending.lease_through; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_pending.lease_through IS 'On the row that carries a lease: the last position the lease covers.';


--
-- Name: outbox_publication; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_publication (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone NOT NULL,
    token uuid NOT NULL,
    event_ids uuid[] NOT NULL
);

ALTER TABLE ONLY public.outbox_publication FORCE ROW LEVEL SECURITY;


--
-- Name: outbox_usage; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_usage (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    claimed_at timestamp with time zone NOT NULL,
    token uuid NOT NULL,
    events integer NOT NULL,
    paused_until timestamp with time zone
);

ALTER TABLE ONLY public.outbox_usage FORCE ROW LEVEL SECURITY;


--
-- Name: output_batch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.output_batch (
    id uuid NOT NULL,
    state text DEFAULT 'OPEN'::text NOT NULL,
    lease_owner text NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    file_count integer DEFAULT 0 NOT NULL,
    snapshot_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    committed_at timestamp with time zone,
    CONSTRAINT output_batch_state_check CHECK ((state = ANY (ARRAY['OPEN'::text, 'COMMITTED'::text])))
);


--
-- Name: output_file; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.output_file (
    tenant_id text NOT NULL,
    run_id uuid NOT NULL,
    scenario_id uuid NOT NULL,
    fencing_token bigint NOT NULL,
    state text DEFAULT 'WAITING'::text NOT NULL,
    descriptor jsonb NOT NULL,
    metrics jsonb NOT NULL,
    result jsonb NOT NULL,
    batch_id uuid,
    row_count bigint NOT NULL,
    byte_count bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    committed_at timestamp with time zone,
    CONSTRAINT output_file_batch_check CHECK (((batch_id IS NOT NULL) = (state = ANY (ARRAY['ASSIGNED'::text, 'COMMITTED'::text])))),
    CONSTRAINT output_file_state_check CHECK ((state = ANY (ARRAY['WAITING'::text, 'ASSIGNED'::text, 'COMMITTED'::text, 'DISCARDED'::text])))
);

ALTER TABLE ONLY public.output_file FORCE ROW LEVEL SECURITY;


--
-- Name: output_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.output_version (
    tenant_id text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.output_version FORCE ROW LEVEL SECURITY;


--
-- Name: rate_limit_counter; Type: TABLE; Schema: public; Owner: -
--

CREATE UNLOGGED TABLE public.rate_limit_counter (
    tenant_id text NOT NULL,
    rule text NOT NULL,
    window_start timestamp with time zone NOT NULL,
    used integer NOT NULL,
    day date NOT NULL,
    used_today bigint NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.1', autovacuum_vacuum_threshold='500');

ALTER TABLE ONLY public.rate_limit_counter FORCE ROW LEVEL SECURITY;


--
-- Name: run_attempt; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.run_attempt (
    tenant_id text NOT NULL,
    run_id uuid NOT NULL,
    attempt integer NOT NULL,
    fencing_token bigint NOT NULL,
    worker text NOT NULL,
    outcome text,
    error jsonb,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT run_attempt_outcome_check CHECK ((outcome = ANY (ARRAY['SUCCEEDED'::text, 'FAILED'::text, 'CANCELLED'::text, 'TIMEOUT'::text, 'LOST'::text])))
);

ALTER TABLE ONLY public.run_attempt FORCE ROW LEVEL SECURITY;


--
-- Name: run_replay; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.run_replay (
    tenant_id text NOT NULL,
    run_id uuid NOT NULL,
    replays_id uuid NOT NULL,
    root_id uuid NOT NULL,
    generation integer NOT NULL,
    action_id uuid,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.run_replay FORCE ROW LEVEL SECURITY;


--
-- Name: scenario_event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scenario_event (
    tenant_id text NOT NULL,
    id uuid DEFAULT public.outbox_event_id() NOT NULL,
    scenario_id uuid NOT NULL,
    run_id uuid,
    event_type text NOT NULL,
    actor text NOT NULL,
    correlation_id text DEFAULT ''::text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    occurred_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.scenario_event FORCE ROW LEVEL SECURITY;


--
-- Name: scenario_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scenario_version (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    valid tstzrange NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    status text NOT NULL,
    assumptions text NOT NULL,
    parameters text NOT NULL,
    tags text[] NOT NULL,
    deleted_at timestamp with time zone,
    changed_by text NOT NULL,
    transaction_id bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    CONSTRAINT scenario_version_valid_check CHECK ((NOT isempty(valid)))
);

ALTER TABLE ONLY public.scenario_version FORCE ROW LEVEL SECURITY;


--
-- Name: setting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.setting (
    tenant_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_by text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT setting_kind_check CHECK ((kind = ANY (ARRAY['flag'::text, 'rate-limit'::text, 'concurrency'::text, 'config'::text]))),
    CONSTRAINT setting_value_check CHECK ((jsonb_typeof(value) = 'object'::text))
);

ALTER TABLE ONLY public.setting FORCE ROW LEVEL SECURITY;


--
-- Name: tenant; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tenant (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_by text NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT tenant_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT tenant_settings_check CHECK ((jsonb_typeof(settings) = 'object'::text)),
    CONSTRAINT tenant_slug_check CHECK ((tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'::text))
);

ALTER TABLE ONLY public.tenant FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE tenant; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.tenant IS 'What is known of a tenant. One that the authorizer vouches for and that is not here is active, with the defaults.';


--
-- Name: tenant_audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tenant_audit (
    tenant_id text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    field text NOT NULL,
    old_value jsonb,
    new_value jsonb,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    transaction_id bigint NOT NULL
);

ALTER TABLE ONLY public.tenant_audit FORCE ROW LEVEL SECURITY;


--
-- Name: tenant_quota; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tenant_quota (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    max_events integer,
    window_seconds integer,
    backoff_seconds integer,
    batch_limit integer,
    max_pending integer,
    reset_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_by text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT tenant_quota_backoff_check CHECK (((backoff_seconds >= 0) AND (backoff_seconds <= 3600))),
    CONSTRAINT tenant_quota_batch_limit_check CHECK (((batch_limit >= 1) AND (batch_limit <= 1000))),
    CONSTRAINT tenant_quota_defaults_check CHECK (((tenant_id <> '*'::text) OR (num_nulls(max_events, window_seconds, backoff_seconds, batch_limit, max_pending) = 0))),
    CONSTRAINT tenant_quota_max_events_check CHECK ((max_events >= 0)),
    CONSTRAINT tenant_quota_max_pending_check CHECK ((max_pending >= 1)),
    CONSTRAINT tenant_quota_window_check CHECK (((window_seconds >= 1) AND (window_seconds <= 3600)))
);

ALTER TABLE ONLY public.tenant_quota FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE tenant_quota; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.tenant_quota IS 'What a tenant may publish; an empty column means the default, the row of tenant *.';


--
-- Name: COLUMN tenant_quota.reset_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tenant_quota.reset_at IS 'What was claimed before this no longer counts.';


--
-- Name: vendor; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.vendor (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    failure_threshold integer DEFAULT 5 NOT NULL,
    reset_seconds integer DEFAULT 60 NOT NULL,
    rate_per_minute integer,
    max_retries integer DEFAULT 3 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_by text NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT vendor_failure_threshold_check CHECK (((failure_threshold >= 1) AND (failure_threshold <= 1000))),
    CONSTRAINT vendor_max_retries_check CHECK (((max_retries >= 0) AND (max_retries <= 100))),
    CONSTRAINT vendor_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT vendor_rate_check CHECK (((rate_per_minute >= 1) AND (rate_per_minute <= 1000000))),
    CONSTRAINT vendor_reset_seconds_check CHECK (((reset_seconds >= 1) AND (reset_seconds <= 86400)))
);

ALTER TABLE ONLY public.vendor FORCE ROW LEVEL SECURITY;


--
-- Name: vendor_audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.vendor_audit (
    tenant_id text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    field text NOT NULL,
    old_value jsonb,
    new_value jsonb,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    transaction_id bigint NOT NULL
);

ALTER TABLE ONLY public.vendor_audit FORCE ROW LEVEL SECURITY;


--
-- Name: vendor_state; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.vendor_state (
    tenant_id text NOT NULL,
    vendor_id uuid NOT NULL,
    breaker text DEFAULT 'CLOSED'::text NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone,
    opened_by text DEFAULT ''::text NOT NULL,
    probe_token uuid,
    probe_until timestamp with time zone,
    epoch bigint DEFAULT 0 NOT NULL,
    calls integer[] DEFAULT array_fill(0, ARRAY[61]) NOT NULL,
    calls_until bigint DEFAULT 0 NOT NULL,
    CONSTRAINT vendor_state_breaker_check CHECK ((breaker = ANY (ARRAY['CLOSED'::text, 'OPEN'::text, 'HALF_OPEN'::text]))),
    CONSTRAINT vendor_state_opened_check CHECK (((breaker = 'CLOSED'::text) = (opened_at IS NULL)))
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.vendor_state FORCE ROW LEVEL SECURITY;


--
-- Name: COLUMN vendor_state.epoch; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.vendor_state.epoch IS 'Raised whenever the breaker opens or closes: the outcome of a call admitted before counts no more.';


--
-- Name: COLUMN vendor_state.calls; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.vendor_state.calls IS 'Calls admitted in each of the last 61 seconds, a ring; their sum bounds every 60 seconds.';


--
-- Name: workflow; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.workflow (
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'ACTIVE'::text NOT NULL,
    max_retries integer DEFAULT 3 NOT NULL,
    dry_run boolean DEFAULT false NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_by text NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT workflow_max_retries_check CHECK (((max_retries >= 0) AND (max_retries <= 100))),
    CONSTRAINT workflow_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT workflow_state_check CHECK ((state = ANY (ARRAY['ACTIVE'::text, 'PAUSED'::text])))
);

ALTER TABLE ONLY public.workflow FORCE ROW LEVEL SECURITY;


--
-- Name: COLUMN workflow.dry_run; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.workflow.dry_run IS 'Decisions are made and actions recorded, but nothing is done.';


--
-- Name: workflow_audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.workflow_audit (
    tenant_id text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    field text NOT NULL,
    old_value jsonb,
    new_value jsonb,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    transaction_id bigint NOT NULL
);

ALTER TABLE ONLY public.workflow_audit FORCE ROW LEVEL SECURITY;


--
-- Data for Name: action; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.action VALUES ('acme', '01a21f70-2649-7024-9305-2d9af5016dcb', '01a21f70-21e6-7912-910a-ad5635acaf9c', NULL, 0, 'ESCALATE', '01a21f70-21e6-7912-910a-ad5635acaf9c', '{"reason": "look at it"}', 'PENDING', NULL, false, NULL, 1, 0, 'ana', '47c74f48-f36c-420d-89b0-c78b305b1a80', '2026-11-27 23:56:13.259076+00', '2026-11-27 23:56:13.259077+00', NULL, NULL, NULL);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('0009_history');


--
-- Data for Name: baseline; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.baseline VALUES ('acme', 'ed5b623b-3abd-4ebd-9b7e-dc78d9733ef2', 1, 'Prices 2030', 's3://lake/b', 'x', '{}', '{}', '2026-11-27 23:56:13.297351+00', 'ana');


--
-- Data for Name: config_audit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.config_audit VALUES ('acme', '01a21f70-25d2-777f-9f59-bc8b48e32db8', 'concurrency', 'runs', NULL, '{"max_running": 7}', 'ana', 'a small plan', '2026-11-27 23:56:13.140904+00');


--
-- Data for Name: decision; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.event VALUES ('acme', '01a21f70-21d6-7102-826d-3dbe456ab41e', '01a21f70-2066-7521-901b-7f8dc6afd571', NULL, NULL, '01a21f70-21e6-7912-910a-ad5635acaf9c', 'import.failed', 'ERROR', 'API', '{"message": "timeout"}', 'k0', '7eff59d94ada0e3d702b565ac3a41ac7e7504de41f5679de988dfa6750e8b088', 'bb10289a-ffe4-49a8-b3dd-237fdc6205a0', '2026-11-20 00:00:00+00', '2026-11-27 23:56:12.144802+00');
INSERT INTO public.event VALUES ('acme', '01a21f70-2203-7eae-8aea-8380239974cd', '01a21f70-2066-7521-901b-7f8dc6afd571', NULL, NULL, '01a21f70-21e6-7912-910a-ad5635acaf9c', 'import.failed', 'ERROR', 'API', '{"message": "timeout"}', 'k1', '7eff59d94ada0e3d702b565ac3a41ac7e7504de41f5679de988dfa6750e8b088', '96594aab-0a81-46de-b614-d8346138b3dd', '2026-11-20 00:00:00+00', '2026-11-27 23:56:12.166523+00');


--
-- Data for Name: inbox_message; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: incident; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.incident VALUES ('acme', '01a21f70-21e6-7912-910a-ad5635acaf9c', '49d4fdf4be955adacb7ec1764199a6877c87811310197ee935a29c0cd67e2156', 1, true, NULL, 'import.failed: timeout', '01a21f70-2066-7521-901b-7f8dc6afd571', NULL, 'NEW', 'first seen', 'ERROR', 2, 1, 2, '2026-11-20 00:00:00+00', '2026-11-20 00:00:00+00', '2026-11-27 23:56:12.134625+00', NULL, NULL, NULL, '2026-11-27 23:56:12.134625+00', 'detection', 'bb10289a-ffe4-49a8-b3dd-237fdc6205a0');


--
-- Data for Name: incident_transition; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.incident_transition VALUES ('acme', '01a21f70-21e7-753b-b81d-f6718253528e', '01a21f70-21e6-7912-910a-ad5635acaf9c', NULL, 'NEW', 'detection', 'first seen', '2026-11-27 23:56:12.135348+00');


--
-- Data for Name: kill_switch; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.kill_switch VALUES ('*', '01a21f70-1056-7bec-97f4-a2e531f1bba6', 'GLOBAL', '*', false, true, 'never set', '2026-11-27 23:56:07.638858+00', 'migration');
INSERT INTO public.kill_switch VALUES ('acme', '01a21f70-226e-75d7-ab66-0c40291a4bb4', 'VENDOR', '01a21f70-20d7-72b9-bc91-19ea7947dd38', true, false, 'they moved', '2026-11-27 23:56:12.271358+00', 'ana');


--
-- Data for Name: kill_switch_audit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.kill_switch_audit VALUES ('acme', '01a21f70-226f-7de7-b9cf-e27b38a8641c', '01a21f70-226e-75d7-ab66-0c40291a4bb4', 'VENDOR', '01a21f70-20d7-72b9-bc91-19ea7947dd38', true, 'they moved', 'ana', 'd4b16bae-cd14-45fa-9f42-3038df991feb', '2026-11-27 23:56:12.271904+00');


--
-- Data for Name: metric_latest; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.metric_latest VALUES ('acme', '01a21f70-19f2-7137-97fc-a9151582fd03', 'emissions', '', '{}', '2030-01-01', 1.5, 't', NULL, NULL, '01a21f70-1b4f-7deb-8003-085ccb04b43c', '2026-11-27 23:56:10.843738+00');


--
-- Data for Name: outbox_audit; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: outbox_dead; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: outbox_delayed; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: outbox_event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-1b8d-7cb0-bb35-fc64b408eb1b', 'run.requested', 'run:01a21f70-1b4f-7deb-8003-085ccb04b43c:0', '{"run_id": "01a21f70-1b4f-7deb-8003-085ccb04b43c", "tenant_id": "acme", "scenario_id": "01a21f70-19f2-7137-97fc-a9151582fd03"}', '{"traceparent": "00-2c703e4557b757101443a395a55e96c4-3b2e81d9a0dfc9f0-01", "correlation-id": "b1445b59-02c4-4420-8b0d-331c556c6820"}', '2026-11-27 23:56:10.509871+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-1bc0-7b37-ba81-5b19cd40bc94', 'run.requested', 'run:01a21f70-1bad-7e1a-a383-7e63a1d15fec:0', '{"run_id": "01a21f70-1bad-7e1a-a383-7e63a1d15fec", "tenant_id": "acme", "scenario_id": "01a21f70-19f2-7137-97fc-a9151582fd03"}', '{"traceparent": "00-7de2a5f4ee3174e3eae3295616b31322-c890228e40ce569b-01", "correlation-id": "72504518-0ad9-472c-9ce5-d8fc99e1298e"}', '2026-11-27 23:56:10.560762+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-1bd9-78e1-8f59-a73d6eba9d6f', 'run.requested', 'run:01a21f70-1bc4-7d1f-ab74-66aa2ed1f676:0', '{"run_id": "01a21f70-1bc4-7d1f-ab74-66aa2ed1f676", "tenant_id": "acme", "scenario_id": "01a21f70-19f2-7137-97fc-a9151582fd03"}', '{"traceparent": "00-ace7ba870c328637bdc86d1f853480e1-024d9375580da5c8-01", "correlation-id": "29396f2d-f0b6-4936-9248-2584f9df2bac"}', '2026-11-27 23:56:10.58561+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-1bef-728b-8ca8-f366c4de0c72', 'run.requested', 'run:01a21f70-1bea-72a4-9132-8b9b9236f2e0:0', '{"run_id": "01a21f70-1bea-72a4-9132-8b9b9236f2e0", "tenant_id": "acme", "scenario_id": "01a21f70-19f2-7137-97fc-a9151582fd03"}', '{"traceparent": "00-8d17dcb067f16f65fc89524d9e6359d0-b2cc55be10e1fd67-01", "correlation-id": "8bbca480-4e78-4f79-8627-ec361f931c3c"}', '2026-11-27 23:56:10.607227+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-1c08-7477-beb1-bba0f9128c36', 'run.requested', 'run:01a21f70-1c03-761d-8d9b-487e0e34a646:0', '{"run_id": "01a21f70-1c03-761d-8d9b-487e0e34a646", "tenant_id": "acme", "scenario_id": "01a21f70-19f2-7137-97fc-a9151582fd03"}', '{"traceparent": "00-7e1970b38c23e86d88680d6fce4c43cf-de029a0bad6c6ec1-01", "correlation-id": "730351ed-25b5-43a8-bde8-fd60c111f748"}', '2026-11-27 23:56:10.640667+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-1c35-740c-9f8a-4f1ee408444f', 'run.cancelled', 'run:01a21f70-1bc4-7d1f-ab74-66aa2ed1f676:ended', '{"error": null, "state": "CANCELLED", "run_id": "01a21f70-1bc4-7d1f-ab74-66aa2ed1f676", "tenant_id": "acme", "scenario_id": "01a21f70-19f2-7137-97fc-a9151582fd03"}', '{"correlation-id": "29396f2d-f0b6-4936-9248-2584f9df2bac"}', '2026-11-27 23:56:10.677325+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-1cc7-71b2-b4d4-c483af4bb74a', 'run.failed', 'run:01a21f70-1bad-7e1a-a383-7e63a1d15fec:ended', '{"error": {"code": "model_error", "message": "no"}, "state": "FAILED", "run_id": "01a21f70-1bad-7e1a-a383-7e63a1d15fec", "tenant_id": "acme", "scenario_id": "01a21f70-19f2-7137-97fc-a9151582fd03"}', '{"correlation-id": "72504518-0ad9-472c-9ce5-d8fc99e1298e"}', '2026-11-27 23:56:10.823124+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-1d3f-7c66-8853-1966e64b52ab', 'run.completed', 'run:01a21f70-1b4f-7deb-8003-085ccb04b43c:ended', '{"rows": 1, "state": "SUCCEEDED", "run_id": "01a21f70-1b4f-7deb-8003-085ccb04b43c", "tenant_id": "acme", "scenario_id": "01a21f70-19f2-7137-97fc-a9151582fd03", "snapshot_id": "1", "version_hash": "554b5940c193d55ddb5bb67ddfae564a4cd9fe4b91136e23ac18417228c74e4c"}', '{"correlation-id": "b1445b59-02c4-4420-8b0d-331c556c6820"}', '2026-11-27 23:56:10.943818+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-1d4b-78fa-b182-7a275c466b3e', 'outputs.invalidated', 'outputs:d6a6be54-dbea-41f7-b8bd-8038057c3cc1:acme', '{"tenant_id": "acme", "snapshot_id": "1", "scenario_ids": ["01a21f70-19f2-7137-97fc-a9151582fd03"], "output_version": 1}', '{}', '2026-11-27 23:56:10.9556+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-21f2-72c9-a465-e1c08272889d', 'incident.changed', 'incident:01a21f70-21e6-7912-910a-ad5635acaf9c:01a21f70-21d6-7102-826d-3dbe456ab41e', '{"change": "OPENED", "event_id": "01a21f70-21d6-7102-826d-3dbe456ab41e", "tenant_id": "acme", "incident_id": "01a21f70-21e6-7912-910a-ad5635acaf9c"}', '{"traceparent": "00-010a6b456edf15726c84de862e50b74a-1436af0d10829330-01", "correlation-id": "bb10289a-ffe4-49a8-b3dd-237fdc6205a0"}', '2026-11-27 23:56:12.146248+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-25d7-7954-8a33-d4c6398bd7d4', 'run.requested', 'run:01a21f70-1c03-761d-8d9b-487e0e34a646:woken:01a21f70-25d2-777f-9f59-bc8b48e32db8', '{"run_id": "01a21f70-1c03-761d-8d9b-487e0e34a646", "tenant_id": "acme", "scenario_id": "01a21f70-19f2-7137-97fc-a9151582fd03"}', '{"correlation-id": "730351ed-25b5-43a8-bde8-fd60c111f748"}', '2026-11-27 23:56:13.143635+00');
INSERT INTO public.outbox_event VALUES ('acme', '01a21f70-264c-70bc-b602-3371978d355e', 'action.requested', 'action:01a21f70-2649-7024-9305-2d9af5016dcb:0', '{"action_id": "01a21f70-2649-7024-9305-2d9af5016dcb", "tenant_id": "acme"}', '{"correlation-id": "47c74f48-f36c-420d-89b0-c78b305b1a80"}', '2026-11-27 23:56:13.260092+00');


--
-- Data for Name: outbox_lane; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outbox_lane VALUES ('acme', 0, 0, '-infinity');


--
-- Data for Name: outbox_pending; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outbox_pending VALUES ('acme', 1, '01a21f70-1b8d-7cb0-bb35-fc64b408eb1b', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 2, '01a21f70-1bc0-7b37-ba81-5b19cd40bc94', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 3, '01a21f70-1bd9-78e1-8f59-a73d6eba9d6f', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 4, '01a21f70-1bef-728b-8ca8-f366c4de0c72', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 5, '01a21f70-1c08-7477-beb1-bba0f9128c36', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 6, '01a21f70-1c35-740c-9f8a-4f1ee408444f', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 7, '01a21f70-1cc7-71b2-b4d4-c483af4bb74a', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 8, '01a21f70-1d3f-7c66-8853-1966e64b52ab', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 9, '01a21f70-1d4b-78fa-b182-7a275c466b3e', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 10, '01a21f70-21f2-72c9-a465-e1c08272889d', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 11, '01a21f70-25d7-7954-8a33-d4c6398bd7d4', 0, 0, 0, '-infinity', NULL, NULL, NULL);
INSERT INTO public.outbox_pending VALUES ('acme', 12, '01a21f70-264c-70bc-b602-3371978d355e', 0, 0, 0, '-infinity', NULL, NULL, NULL);


--
-- Data for Name: outbox_publication; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: outbox_usage; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: output_batch; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.output_batch VALUES ('d6a6be54-dbea-41f7-b8bd-8038057c3cc1', 'COMMITTED', 'committer', '2026-11-27 23:57:10.896942+00', 1, 1, '2026-11-27 23:56:10.884454+00', '2026-11-27 23:56:10.919022+00');


--
-- Data for Name: output_file; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.output_file VALUES ('acme', '01a21f70-1b4f-7deb-8003-085ccb04b43c', '01a21f70-19f2-7137-97fc-a9151582fd03', 1, 'COMMITTED', '{"path": "s3://lake/x.parquet"}', '[{"tags": {}, "unit": "t", "value": 1.5, "metric": "emissions", "tags_key": "", "asof_date": "2030-01-01"}]', '{}', 'd6a6be54-dbea-41f7-b8bd-8038057c3cc1', 1, 100, '2026-11-27 23:56:10.843738+00', '2026-11-27 23:56:10.919223+00');


--
-- Data for Name: output_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.output_version VALUES ('acme', 1, '2026-11-27 23:56:10.918445+00');


--
-- Data for Name: rate_limit_counter; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.rate_limit_counter VALUES ('acme', 'all', '2026-11-27 23:56:09.93159+00', 25, '2026-11-27', 25);


--
-- Data for Name: run_attempt; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.run_attempt VALUES ('acme', '01a21f70-1bea-72a4-9132-8b9b9236f2e0', 1, 1, 'worker', NULL, NULL, '2026-11-27 23:56:10.817946+00', NULL);
INSERT INTO public.run_attempt VALUES ('acme', '01a21f70-1bad-7e1a-a383-7e63a1d15fec', 1, 1, 'worker', 'FAILED', '{"code": "model_error", "message": "no"}', '2026-11-27 23:56:10.804137+00', '2026-11-27 23:56:10.821013+00');
INSERT INTO public.run_attempt VALUES ('acme', '01a21f70-1b4f-7deb-8003-085ccb04b43c', 1, 1, 'worker', 'SUCCEEDED', NULL, '2026-11-27 23:56:10.776174+00', '2026-11-27 23:56:10.850949+00');


--
-- Data for Name: run_replay; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: scenario; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.scenario VALUES ('acme', '01a21f70-19f2-7137-97fc-a9151582fd03', 2, 'RPS', 'with a target', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{demo}', '2026-11-27 23:56:10.11641+00', 'ana', '2026-11-27 23:56:10.279513+00', 'ana', NULL);
INSERT INTO public.scenario VALUES ('acme', '01a21f70-1aba-730a-8a39-5fdbe548396a', 2, 'Gone', '', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{}', '2026-11-27 23:56:10.298903+00', 'ana', '2026-11-27 23:56:10.33825+00', 'ana', '2026-11-27 23:56:10.33825+00');
INSERT INTO public.scenario VALUES ('acme', '01a21f70-1afc-7ed0-9ddd-e0806311014b', 3, 'Back', '', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{}', '2026-11-27 23:56:10.368445+00', 'ana', '2026-11-27 23:56:10.41377+00', 'ana', NULL);


--
-- Data for Name: scenario_event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1a07-74d5-aceb-2063aca30785', '01a21f70-19f2-7137-97fc-a9151582fd03', NULL, 'SCENARIO_CREATED', 'ana', 'ecb49f41-0667-4dbe-945b-4e8587ef1250', '{}', '2026-11-27 23:56:10.119336+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1ab1-7ef6-918f-559a514b81aa', '01a21f70-19f2-7137-97fc-a9151582fd03', NULL, 'SCENARIO_UPDATED', 'ana', 'bb752964-2a4c-444a-bea3-6298f238c9a4', '{"changed": ["description"], "version": 2}', '2026-11-27 23:56:10.290003+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1abc-726a-89d3-620b6c78de0a', '01a21f70-1aba-730a-8a39-5fdbe548396a', NULL, 'SCENARIO_CREATED', 'ana', 'e2ee1df1-95fe-4869-ac3c-b82d7a72d7d8', '{}', '2026-11-27 23:56:10.30021+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1ae3-75e3-8ca8-33b22bce7b96', '01a21f70-1aba-730a-8a39-5fdbe548396a', NULL, 'SCENARIO_DELETED', 'ana', '6e82d2fa-8254-4ec0-b51d-7a936f358bc8', '{"cancelled_runs": 0}', '2026-11-27 23:56:10.33942+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1b01-7add-85db-760d3710ad8e', '01a21f70-1afc-7ed0-9ddd-e0806311014b', NULL, 'SCENARIO_CREATED', 'ana', '9f249971-26ac-4ed1-b219-d7ff0340869a', '{}', '2026-11-27 23:56:10.369734+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1b16-7f1b-b911-90384933d999', '01a21f70-1afc-7ed0-9ddd-e0806311014b', NULL, 'SCENARIO_DELETED', 'ana', 'deeca466-abfa-44be-8ec3-4b749f03b6c6', '{"cancelled_runs": 0}', '2026-11-27 23:56:10.391007+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1b2e-7e25-a622-9166c267740e', '01a21f70-1afc-7ed0-9ddd-e0806311014b', NULL, 'SCENARIO_RESTORED', 'ana', 'c0048777-156f-41b0-9b36-bc0255670c30', '{"version": 3}', '2026-11-27 23:56:10.414942+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1b9a-7e6a-8218-f890b3636c27', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1b4f-7deb-8003-085ccb04b43c', 'RUN_REQUESTED', 'ana', 'b1445b59-02c4-4420-8b0d-331c556c6820', '{"priority": "NORMAL", "version_hash": "554b5940c193d55ddb5bb67ddfae564a4cd9fe4b91136e23ac18417228c74e4c"}', '2026-11-27 23:56:10.522959+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1bc1-7e8b-842f-d29443317a49', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1bad-7e1a-a383-7e63a1d15fec', 'RUN_REQUESTED', 'ana', '72504518-0ad9-472c-9ce5-d8fc99e1298e', '{"priority": "NORMAL", "version_hash": "fa96d44fde5a3d030134a047e869d57a86f5bc64930933ed970908128024ace8"}', '2026-11-27 23:56:10.561945+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1bda-763d-b613-19dc87d406ae', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1bc4-7d1f-ab74-66aa2ed1f676', 'RUN_REQUESTED', 'ana', '29396f2d-f0b6-4936-9248-2584f9df2bac', '{"priority": "NORMAL", "version_hash": "e6416b3019758a0d10a4142d66d1996d56d3296cb49350582a69d73726baff6f"}', '2026-11-27 23:56:10.586416+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1bf0-713f-819e-26f5ca5550f1', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1bea-72a4-9132-8b9b9236f2e0', 'RUN_REQUESTED', 'ana', '8bbca480-4e78-4f79-8627-ec361f931c3c', '{"priority": "NORMAL", "version_hash": "61e20fcaf4c7145182f6449f97510e9f1fc143f7acfdd655816639a6dda3c1aa"}', '2026-11-27 23:56:10.608115+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1c12-74f6-895d-de013ed52bfc', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1c03-761d-8d9b-487e0e34a646', 'RUN_REQUESTED', 'ana', '730351ed-25b5-43a8-bde8-fd60c111f748', '{"priority": "NORMAL", "version_hash": "fb1dbd1c4d3ae1b68ba2725f2be9a778a13f52b683519158a064e8a5eebd6579"}', '2026-11-27 23:56:10.642395+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1c2c-7506-99ef-3726d3ce5a51', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1bc4-7d1f-ab74-66aa2ed1f676', 'RUN_CANCELLED', 'ana', '29396f2d-f0b6-4936-9248-2584f9df2bac', '{"error": null, "attempt": 0}', '2026-11-27 23:56:10.676508+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1ca2-719a-898f-6f6669f66a9f', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1b4f-7deb-8003-085ccb04b43c', 'RUN_STARTED', 'worker', 'b1445b59-02c4-4420-8b0d-331c556c6820', '{"attempt": 1, "fencing_token": 1}', '2026-11-27 23:56:10.786203+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1cb4-7a8f-b861-851fd2376f84', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1bad-7e1a-a383-7e63a1d15fec', 'RUN_STARTED', 'worker', '72504518-0ad9-472c-9ce5-d8fc99e1298e', '{"attempt": 1, "fencing_token": 1}', '2026-11-27 23:56:10.804726+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1cc2-746a-b14a-a8a12512260b', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1bea-72a4-9132-8b9b9236f2e0', 'RUN_STARTED', 'worker', '8bbca480-4e78-4f79-8627-ec361f931c3c', '{"attempt": 1, "fencing_token": 1}', '2026-11-27 23:56:10.81834+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1cc6-7568-b4bf-6655128bac7e', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1bad-7e1a-a383-7e63a1d15fec', 'RUN_FAILED', 'worker', '72504518-0ad9-472c-9ce5-d8fc99e1298e', '{"error": {"code": "model_error", "message": "no"}, "attempt": 1}', '2026-11-27 23:56:10.822381+00');
INSERT INTO public.scenario_event VALUES ('acme', '01a21f70-1d32-7d23-ace9-233c32a03472', '01a21f70-19f2-7137-97fc-a9151582fd03', '01a21f70-1b4f-7deb-8003-085ccb04b43c', 'RUN_SUCCEEDED', 'committer', 'b1445b59-02c4-4420-8b0d-331c556c6820', '{"rows": 1, "batch_id": "d6a6be54-dbea-41f7-b8bd-8038057c3cc1", "snapshot_id": 1}', '2026-11-27 23:56:10.930943+00');


--
-- Data for Name: scenario_run; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.scenario_run VALUES ('acme', '01a21f70-1c03-761d-8d9b-487e0e34a646', '01a21f70-19f2-7137-97fc-a9151582fd03', 2, 'QUEUED', 'NORMAL', 'fb1dbd1c4d3ae1b68ba2725f2be9a778a13f52b683519158a064e8a5eebd6579', '{"shock_bp":4}', '1.0.0', 'default', 0, 60, 3, NULL, '1473d503c09e87860dc313af61d98e42c5f547cf8d96b1a7cf99998a61374e55', 0, 0, 0, NULL, '-infinity', '2026-11-27 23:46:10.631679+00', NULL, 0, NULL, NULL, '730351ed-25b5-43a8-bde8-fd60c111f748', '2026-11-27 23:56:10.628491+00', 'ana', NULL, NULL, '2026-11-27 23:56:10.628491+00', NULL, NULL, NULL, NULL);
INSERT INTO public.scenario_run VALUES ('acme', '01a21f70-1bc4-7d1f-ab74-66aa2ed1f676', '01a21f70-19f2-7137-97fc-a9151582fd03', 2, 'CANCELLED', 'NORMAL', 'e6416b3019758a0d10a4142d66d1996d56d3296cb49350582a69d73726baff6f', '{"shock_bp":2}', '1.0.0', 'default', 0, 60, 3, NULL, 'ec0511ba74859b998eb451da3e32be7adeea660a95c9e39fe4ee2cec6f9bb1b7', 0, 0, 0, NULL, '-infinity', '2026-11-27 23:46:10.584714+00', NULL, 0, NULL, NULL, '29396f2d-f0b6-4936-9248-2584f9df2bac', '2026-11-27 23:56:10.573219+00', 'ana', NULL, '2026-11-27 23:56:10.667687+00', '2026-11-27 23:56:10.667687+00', NULL, NULL, NULL, NULL);
INSERT INTO public.scenario_run VALUES ('acme', '01a21f70-1bea-72a4-9132-8b9b9236f2e0', '01a21f70-19f2-7137-97fc-a9151582fd03', 2, 'RUNNING', 'NORMAL', '61e20fcaf4c7145182f6449f97510e9f1fc143f7acfdd655816639a6dda3c1aa', '{"shock_bp":3}', '1.0.0', 'default', 0, 60, 3, NULL, '672e2561550e660387d1d0f79965c4606b043fefdcc40a5dd2b21a34ca20701f', 1, 0, 1, '2026-11-28 00:56:10.817522+00', '-infinity', '2026-11-27 23:46:10.606684+00', NULL, 0, NULL, NULL, '8bbca480-4e78-4f79-8627-ec361f931c3c', '2026-11-27 23:56:10.603488+00', 'ana', '2026-11-27 23:56:10.817523+00', NULL, '2026-11-27 23:56:10.817523+00', NULL, NULL, NULL, NULL);
INSERT INTO public.scenario_run VALUES ('acme', '01a21f70-1bad-7e1a-a383-7e63a1d15fec', '01a21f70-19f2-7137-97fc-a9151582fd03', 2, 'FAILED', 'NORMAL', 'fa96d44fde5a3d030134a047e869d57a86f5bc64930933ed970908128024ace8', '{"shock_bp":1}', '1.0.0', 'default', 0, 60, 3, NULL, 'f6665d8188f71144ef9ba58423bb27ccca8e144ac8029d5c39e58a692aee3bc7', 1, 0, 1, NULL, '-infinity', '2026-11-27 23:46:10.547824+00', '{"code": "model_error", "message": "no"}', 1, NULL, NULL, '72504518-0ad9-472c-9ce5-d8fc99e1298e', '2026-11-27 23:56:10.543928+00', 'ana', '2026-11-27 23:56:10.80008+00', '2026-11-27 23:56:10.821271+00', '2026-11-27 23:56:10.821271+00', NULL, NULL, NULL, NULL);
INSERT INTO public.scenario_run VALUES ('acme', '01a21f70-1b4f-7deb-8003-085ccb04b43c', '01a21f70-19f2-7137-97fc-a9151582fd03', 2, 'SUCCEEDED', 'NORMAL', '554b5940c193d55ddb5bb67ddfae564a4cd9fe4b91136e23ac18417228c74e4c', '{"shock_bp":0}', '1.0.0', 'default', 0, 60, 3, NULL, '3489ff9ebf28492f8346c9404509b3c35c85d9fc81c6e00fcccd2caafdf88973', 1, 100, 1, NULL, '-infinity', '2026-11-27 23:46:10.498208+00', NULL, 1, 1, 100, 'b1445b59-02c4-4420-8b0d-331c556c6820', '2026-11-27 23:56:10.47246+00', 'ana', '2026-11-27 23:56:10.774918+00', '2026-11-27 23:56:10.919845+00', '2026-11-27 23:56:10.919845+00', NULL, NULL, NULL, NULL);


--
-- Data for Name: scenario_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.scenario_version VALUES ('acme', '01a21f70-19f2-7137-97fc-a9151582fd03', 1, '["2026-11-27 23:56:10.11641+00","2026-11-27 23:56:10.279513+00")', 'RPS', '', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{demo}', NULL, 'ana', 739);
INSERT INTO public.scenario_version VALUES ('acme', '01a21f70-19f2-7137-97fc-a9151582fd03', 2, '["2026-11-27 23:56:10.279513+00",)', 'RPS', 'with a target', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{demo}', NULL, 'ana', 741);
INSERT INTO public.scenario_version VALUES ('acme', '01a21f70-1aba-730a-8a39-5fdbe548396a', 1, '["2026-11-27 23:56:10.298903+00","2026-11-27 23:56:10.33825+00")', 'Gone', '', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{}', NULL, 'ana', 743);
INSERT INTO public.scenario_version VALUES ('acme', '01a21f70-1aba-730a-8a39-5fdbe548396a', 2, '["2026-11-27 23:56:10.33825+00",)', 'Gone', '', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{}', '2026-11-27 23:56:10.33825+00', 'ana', 745);
INSERT INTO public.scenario_version VALUES ('acme', '01a21f70-1afc-7ed0-9ddd-e0806311014b', 1, '["2026-11-27 23:56:10.368445+00","2026-11-27 23:56:10.390068+00")', 'Back', '', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{}', NULL, 'ana', 747);
INSERT INTO public.scenario_version VALUES ('acme', '01a21f70-1afc-7ed0-9ddd-e0806311014b', 2, '["2026-11-27 23:56:10.390068+00","2026-11-27 23:56:10.41377+00")', 'Back', '', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{}', '2026-11-27 23:56:10.390068+00', 'ana', 749);
INSERT INTO public.scenario_version VALUES ('acme', '01a21f70-1afc-7ed0-9ddd-e0806311014b', 3, '["2026-11-27 23:56:10.41377+00",)', 'Back', '', 'ACTIVE', '[{"driver_type":"policy","payload":{"policy_name":"RPS","ramp_years":0,"start_year":2030,"target":0.6}}]', '{}', '{}', NULL, 'ana', 751);


--
-- Data for Name: setting; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.setting VALUES ('*', 'rate-limit', 'all', '{"limit": 6000, "daily_cap": 2000000, "window_seconds": 60}', '2026-11-27 23:56:06.381582+00', 'migration', 'defaults');
INSERT INTO public.setting VALUES ('*', 'concurrency', 'runs', '{"max_running": 100}', '2026-11-27 23:56:06.381582+00', 'migration', 'defaults');
INSERT INTO public.setting VALUES ('*', 'flag', 'outputs', '{"enabled": true}', '2026-11-27 23:56:06.381582+00', 'migration', 'defaults');
INSERT INTO public.setting VALUES ('acme', 'concurrency', 'runs', '{"max_running": 7}', '2026-11-27 23:56:13.139088+00', 'ana', 'a small plan');


--
-- Data for Name: tenant; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.tenant VALUES ('acme', '01a21f70-2149-75f6-b431-22434460f8e9', 'Acme Power', true, '{}', 2, '2026-11-27 23:56:11.983893+00', 'ana', '2026-11-27 23:56:12.062623+00', 'ana', NULL);


--
-- Data for Name: tenant_audit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.tenant_audit VALUES ('acme', '01a21f70-2149-75f6-b431-22434460f8e9', 2, 'name', '"Acme"', '"Acme Power"', '2026-11-27 23:56:12.062623+00', 'ana', 777);


--
-- Data for Name: tenant_quota; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.tenant_quota VALUES ('*', 1000, 60, 1, 50, 10000, '-infinity', '2026-11-27 23:56:06.381582+00', 'migration', 'defaults');


--
-- Data for Name: vendor; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.vendor VALUES ('acme', '01a21f70-20d7-72b9-bc91-19ea7947dd38', 'Prices', 'hourly prices', 5, 60, 60, 3, 2, '2026-11-27 23:56:11.86505+00', 'ana', '2026-11-27 23:56:11.920574+00', 'ana', NULL);


--
-- Data for Name: vendor_audit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.vendor_audit VALUES ('acme', '01a21f70-20d7-72b9-bc91-19ea7947dd38', 2, 'description', '""', '"hourly prices"', '2026-11-27 23:56:11.920574+00', 'ana', 773);


--
-- Data for Name: vendor_state; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.vendor_state VALUES ('acme', '01a21f70-20d7-72b9-bc91-19ea7947dd38', 'CLOSED', 1, NULL, '', NULL, NULL, 0, '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0}', 1795823772);


--
-- Data for Name: workflow; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.workflow VALUES ('acme', '01a21f70-2066-7521-901b-7f8dc6afd571', 'Imports', '', 'ACTIVE', 5, false, 2, '2026-11-27 23:56:11.757136+00', 'ana', '2026-11-27 23:56:11.815072+00', 'ana', NULL);


--
-- Data for Name: workflow_audit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.workflow_audit VALUES ('acme', '01a21f70-2066-7521-901b-7f8dc6afd571', 2, 'max_retries', '3', '5', '2026-11-27 23:56:11.815072+00', 'ana', 769);


--
-- Name: outbox_position; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.outbox_position', 12, true);


--
-- Name: action action_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.action
    ADD CONSTRAINT action_once UNIQUE (tenant_id, decision_id, ordinal);


--
-- Name: action action_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.action
    ADD CONSTRAINT action_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: action action_reversed_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.action
    ADD CONSTRAINT action_reversed_once UNIQUE (tenant_id, reverses_id);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: baseline baseline_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.baseline
    ADD CONSTRAINT baseline_pkey PRIMARY KEY (tenant_id, id, version);


--
-- Name: config_audit config_audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_audit
    ADD CONSTRAINT config_audit_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: decision decision_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_once UNIQUE (tenant_id, incident_id, trigger_key, maker);


--
-- Name: decision decision_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: event event_idempotency_key_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_idempotency_key_unique UNIQUE (tenant_id, idempotency_key);


--
-- Name: event event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: inbox_message inbox_message_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.inbox_message
    ADD CONSTRAINT inbox_message_pkey PRIMARY KEY (tenant_id, consumer, event_id);


--
-- Name: incident incident_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: incident_transition incident_transition_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.incident_transition
    ADD CONSTRAINT incident_transition_pkey PRIMARY KEY (tenant_id, incident_id, id);


--
-- Name: kill_switch_audit kill_switch_audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kill_switch_audit
    ADD CONSTRAINT kill_switch_audit_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: kill_switch kill_switch_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kill_switch
    ADD CONSTRAINT kill_switch_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: kill_switch kill_switch_target_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kill_switch
    ADD CONSTRAINT kill_switch_target_unique UNIQUE (tenant_id, scope, target);


--
-- Name: metric_latest metric_latest_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.metric_latest
    ADD CONSTRAINT metric_latest_pkey PRIMARY KEY (tenant_id, scenario_id, metric, tags_key);


--
-- Name: outbox_audit outbox_audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_audit
    ADD CONSTRAINT outbox_audit_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: outbox_dead outbox_dead_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_dead
    ADD CONSTRAINT outbox_dead_pkey PRIMARY KEY (tenant_id, event_id);


--
-- Name: outbox_delayed outbox_delayed_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_delayed
    ADD CONSTRAINT outbox_delayed_pkey PRIMARY KEY (tenant_id, event_id);


--
-- Name: outbox_event outbox_event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_event
    ADD CONSTRAINT outbox_event_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: outbox_lane outbox_lane_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_lane
    ADD CONSTRAINT outbox_lane_pkey PRIMARY KEY (tenant_id);


--
-- Name: outbox_pending outbox_pending_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_pending
    ADD CONSTRAINT outbox_pending_pkey PRIMARY KEY (tenant_id, "position");


--
-- Name: outbox_publication outbox_publication_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_publication
    ADD CONSTRAINT outbox_publication_pkey PRIMARY KEY (tenant_id, published_at, token);


--
-- Name: outbox_usage outbox_usage_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_usage
    ADD CONSTRAINT outbox_usage_pkey PRIMARY KEY (tenant_id, claimed_at, token);


--
-- Name: output_batch output_batch_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.output_batch
    ADD CONSTRAINT output_batch_pkey PRIMARY KEY (id);


--
-- Name: output_file output_file_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.output_file
    ADD CONSTRAINT output_file_pkey PRIMARY KEY (tenant_id, run_id);


--
-- Name: output_version output_version_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.output_version
    ADD CONSTRAINT output_version_pkey PRIMARY KEY (tenant_id);


--
-- Name: rate_limit_counter rate_limit_counter_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rate_limit_counter
    ADD CONSTRAINT rate_limit_counter_pkey PRIMARY KEY (tenant_id, rule);


--
-- Name: run_attempt run_attempt_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.run_attempt
    ADD CONSTRAINT run_attempt_pkey PRIMARY KEY (tenant_id, run_id, attempt);


--
-- Name: run_replay run_replay_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.run_replay
    ADD CONSTRAINT run_replay_pkey PRIMARY KEY (tenant_id, run_id);


--
-- Name: scenario_event scenario_event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scenario_event
    ADD CONSTRAINT scenario_event_pkey PRIMARY KEY (tenant_id, scenario_id, occurred_at, id);


--
-- Name: scenario scenario_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scenario
    ADD CONSTRAINT scenario_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: scenario_run scenario_run_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scenario_run
    ADD CONSTRAINT scenario_run_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: scenario_version scenario_version_no_overlap; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scenario_version
    ADD CONSTRAINT scenario_version_no_overlap EXCLUDE USING gist (int8range(public.uuid_high(id), public.uuid_high(id), '[]'::text) WITH &&, int8range(public.uuid_low(id), public.uuid_low(id), '[]'::text) WITH &&, valid WITH &&);


--
-- Name: scenario_version scenario_version_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scenario_version
    ADD CONSTRAINT scenario_version_pkey PRIMARY KEY (tenant_id, id, version);


--
-- Name: setting setting_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (tenant_id, kind, name);


--
-- Name: tenant_audit tenant_audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tenant_audit
    ADD CONSTRAINT tenant_audit_pkey PRIMARY KEY (tenant_id, record_id, version, field);


--
-- Name: tenant tenant_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: tenant_quota tenant_quota_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tenant_quota
    ADD CONSTRAINT tenant_quota_pkey PRIMARY KEY (tenant_id);


--
-- Name: tenant tenant_slug_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_slug_unique UNIQUE (tenant_id);


--
-- Name: outbox_event uq_outbox_tenant_dedupe; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_event
    ADD CONSTRAINT uq_outbox_tenant_dedupe UNIQUE (tenant_id, dedupe_key);


--
-- Name: vendor_audit vendor_audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vendor_audit
    ADD CONSTRAINT vendor_audit_pkey PRIMARY KEY (tenant_id, record_id, version, field);


--
-- Name: vendor vendor_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vendor
    ADD CONSTRAINT vendor_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: vendor_state vendor_state_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vendor_state
    ADD CONSTRAINT vendor_state_pkey PRIMARY KEY (tenant_id, vendor_id);


--
-- Name: workflow_audit workflow_audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.workflow_audit
    ADD CONSTRAINT workflow_audit_pkey PRIMARY KEY (tenant_id, record_id, version, field);


--
-- Name: workflow workflow_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.workflow
    ADD CONSTRAINT workflow_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: action_hourly; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX action_hourly ON public.action USING btree (tenant_id, started_at) WHERE (state = ANY (ARRAY['IN_PROGRESS'::text, 'SUCCEEDED'::text, 'FAILED'::text]));


--
-- Name: action_incident; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX action_incident ON public.action USING btree (tenant_id, incident_id, id);


--
-- Name: action_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX action_open ON public.action USING btree (due_at) WHERE (state = ANY (ARRAY['PENDING'::text, 'IN_PROGRESS'::text]));


--
-- Name: action_taken; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX action_taken ON public.action USING btree (tenant_id, action_type, target, started_at) WHERE (state = ANY (ARRAY['IN_PROGRESS'::text, 'SUCCEEDED'::text, 'FAILED'::text]));


--
-- Name: baseline_tenant_name_unique; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX baseline_tenant_name_unique ON public.baseline USING btree (tenant_id, lower(name), version);


--
-- Name: event_incident; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX event_incident ON public.event USING btree (tenant_id, incident_id, id) WHERE (incident_id IS NOT NULL);


--
-- Name: event_workflow; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX event_workflow ON public.event USING btree (tenant_id, workflow_id, id);


--
-- Name: inbox_message_age; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX inbox_message_age ON public.inbox_message USING brin (received_at);


--
-- Name: incident_signature_current; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX incident_signature_current ON public.incident USING btree (tenant_id, signature) WHERE is_current;


--
-- Name: incident_unanalysed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX incident_unanalysed ON public.incident USING btree (opened_at) WHERE (state = 'NEW'::text);


--
-- Name: kill_switch_audit_switch; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX kill_switch_audit_switch ON public.kill_switch_audit USING btree (tenant_id, switch_id, id);


--
-- Name: model_run_idempotency_key_unique; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX model_run_idempotency_key_unique ON public.scenario_run USING btree (tenant_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);


--
-- Name: model_run_scenario_hash_unique; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX model_run_scenario_hash_unique ON public.scenario_run USING btree (tenant_id, scenario_id, version_hash) WHERE (state = ANY (ARRAY['QUEUED'::text, 'RUNNING'::text, 'SUCCEEDED'::text]));


--
-- Name: outbox_delayed_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX outbox_delayed_due ON public.outbox_delayed USING btree (retry_at);


--
-- Name: output_batch_one_open; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX output_batch_one_open ON public.output_batch USING btree ((true)) WHERE (state = 'OPEN'::text);


--
-- Name: output_file_batch; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX output_file_batch ON public.output_file USING btree (batch_id) WHERE (batch_id IS NOT NULL);


--
-- Name: output_file_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX output_file_waiting ON public.output_file USING btree (created_at) WHERE (state = 'WAITING'::text);


--
-- Name: scenario_event_listing; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_event_listing ON public.scenario_event USING btree (tenant_id, scenario_id, id);


--
-- Name: scenario_event_run; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_event_run ON public.scenario_event USING btree (tenant_id, run_id, occurred_at) WHERE (run_id IS NOT NULL);


--
-- Name: scenario_run_children; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_run_children ON public.scenario_run USING btree (tenant_id, parent_run_id) WHERE (parent_run_id IS NOT NULL);


--
-- Name: scenario_run_claim; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_run_claim ON public.scenario_run USING btree (tenant_id, claim_order, id) WHERE (state = 'QUEUED'::text);


--
-- Name: scenario_run_listing; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_run_listing ON public.scenario_run USING btree (tenant_id, scenario_id, id DESC);


--
-- Name: scenario_run_live; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_run_live ON public.scenario_run USING btree (lease_until) WHERE (state = 'RUNNING'::text);


--
-- Name: scenario_run_queued; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_run_queued ON public.scenario_run USING btree (updated_at) WHERE (state = 'QUEUED'::text);


--
-- Name: scenario_run_running; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_run_running ON public.scenario_run USING btree (tenant_id) WHERE ((state = 'RUNNING'::text) AND (lease_until IS NOT NULL));


--
-- Name: scenario_run_split; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_run_split ON public.scenario_run USING btree (started_at) WHERE ((parts IS NOT NULL) AND (state = 'RUNNING'::text) AND (lease_until IS NULL));


--
-- Name: scenario_tags; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX scenario_tags ON public.scenario USING gin (tags) WHERE (deleted_at IS NULL);


--
-- Name: scenario_tenant_name_unique; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX scenario_tenant_name_unique ON public.scenario USING btree (tenant_id, lower(name)) WHERE (deleted_at IS NULL);


--
-- Name: vendor_tenant_name_unique; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX vendor_tenant_name_unique ON public.vendor USING btree (tenant_id, lower(name)) WHERE (deleted_at IS NULL);


--
-- Name: workflow_tenant_name_unique; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX workflow_tenant_name_unique ON public.workflow USING btree (tenant_id, lower(name)) WHERE (deleted_at IS NULL);


--
-- Name: baseline append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.baseline FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: config_audit append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.config_audit FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: decision append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.decision FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: event append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.event FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: incident_transition append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.incident_transition FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: kill_switch_audit append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.kill_switch_audit FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: outbox_audit append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.outbox_audit FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: run_replay append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.run_replay FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: scenario_event append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.scenario_event FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: tenant_audit append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.tenant_audit FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: vendor_audit append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.vendor_audit FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: workflow_audit append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.workflow_audit FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: baseline append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.baseline FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: config_audit append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.config_audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: decision append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.decision FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: event append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: incident_transition append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.incident_transition FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: kill_switch_audit append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.kill_switch_audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: outbox_audit append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.outbox_audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: run_replay append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.run_replay FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: scenario_event append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.scenario_event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: tenant_audit append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.tenant_audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: vendor_audit append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.vendor_audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: workflow_audit append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.workflow_audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: scenario_run end_children; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER end_children AFTER UPDATE OF state ON public.scenario_run FOR EACH ROW WHEN (((new.parts IS NOT NULL) AND (new.state = ANY (ARRAY['FAILED'::text, 'TIMEOUT'::text, 'CANCELLED'::text])) AND (old.state <> new.state))) EXECUTE FUNCTION public.end_children();


--
-- Name: action guard_action_state; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER guard_action_state BEFORE UPDATE ON public.action FOR EACH ROW EXECUTE FUNCTION public.guard_action_state();


--
-- Name: incident guard_incident_state; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER guard_incident_state BEFORE INSERT OR UPDATE OF state ON public.incident FOR EACH ROW EXECUTE FUNCTION public.guard_incident_state();


--
-- Name: scenario_run guard_run_state; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER guard_run_state BEFORE UPDATE OF state ON public.scenario_run FOR EACH ROW EXECUTE FUNCTION public.guard_run_state();


--
-- Name: tenant keep_audit; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_audit AFTER UPDATE ON public.tenant FOR EACH ROW EXECUTE FUNCTION public.tenant_keep_audit();


--
-- Name: vendor keep_audit; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_audit AFTER UPDATE ON public.vendor FOR EACH ROW EXECUTE FUNCTION public.vendor_keep_audit();


--
-- Name: workflow keep_audit; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_audit AFTER UPDATE ON public.workflow FOR EACH ROW EXECUTE FUNCTION public.workflow_keep_audit();


--
-- Name: tenant versioned; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER versioned BEFORE UPDATE ON public.tenant FOR EACH ROW WHEN (((new.version <> (old.version + 1)) OR (new.updated_at <= old.updated_at))) EXECUTE FUNCTION public.refuse_unversioned();


--
-- Name: vendor versioned; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER versioned BEFORE UPDATE ON public.vendor FOR EACH ROW WHEN (((new.version <> (old.version + 1)) OR (new.updated_at <= old.updated_at))) EXECUTE FUNCTION public.refuse_unversioned();


--
-- Name: workflow versioned; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER versioned BEFORE UPDATE ON public.workflow FOR EACH ROW WHEN (((new.version <> (old.version + 1)) OR (new.updated_at <= old.updated_at))) EXECUTE FUNCTION public.refuse_unversioned();


--
-- Name: action action_decision_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.action
    ADD CONSTRAINT action_decision_fkey FOREIGN KEY (tenant_id, decision_id) REFERENCES public.decision(tenant_id, id);


--
-- Name: action action_incident_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.action
    ADD CONSTRAINT action_incident_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incident(tenant_id, id);


--
-- Name: action action_reverses_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.action
    ADD CONSTRAINT action_reverses_fkey FOREIGN KEY (tenant_id, reverses_id) REFERENCES public.action(tenant_id, id);


--
-- Name: decision decision_incident_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_incident_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES public.incident(tenant_id, id);


--
-- Name: event event_workflow_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_workflow_fkey FOREIGN KEY (tenant_id, workflow_id) REFERENCES public.workflow(tenant_id, id);


--
-- Name: incident incident_workflow_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_workflow_fkey FOREIGN KEY (tenant_id, workflow_id) REFERENCES public.workflow(tenant_id, id);


--
-- Name: output_file output_file_batch_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.output_file
    ADD CONSTRAINT output_file_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.output_batch(id);


--
-- Name: output_file output_file_run_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.output_file
    ADD CONSTRAINT output_file_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES public.scenario_run(tenant_id, id);


--
-- Name: run_attempt run_attempt_run_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.run_attempt
    ADD CONSTRAINT run_attempt_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES public.scenario_run(tenant_id, id);


--
-- Name: run_replay run_replay_run_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.run_replay
    ADD CONSTRAINT run_replay_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES public.scenario_run(tenant_id, id);


--
-- Name: scenario_run scenario_run_parent_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scenario_run
    ADD CONSTRAINT scenario_run_parent_fkey FOREIGN KEY (tenant_id, parent_run_id) REFERENCES public.scenario_run(tenant_id, id);


--
-- Name: scenario_run scenario_run_scenario_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scenario_run
    ADD CONSTRAINT scenario_run_scenario_fkey FOREIGN KEY (tenant_id, scenario_id) REFERENCES public.scenario(tenant_id, id);


--
-- Name: vendor_state vendor_state_vendor_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vendor_state
    ADD CONSTRAINT vendor_state_vendor_fkey FOREIGN KEY (tenant_id, vendor_id) REFERENCES public.vendor(tenant_id, id);


--
-- Name: action; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.action ENABLE ROW LEVEL SECURITY;

--
-- Name: baseline; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.baseline ENABLE ROW LEVEL SECURITY;

--
-- Name: config_audit; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.config_audit ENABLE ROW LEVEL SECURITY;

--
-- Name: decision; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.decision ENABLE ROW LEVEL SECURITY;

--
-- Name: setting defaults_readable; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY defaults_readable ON public.setting FOR SELECT TO sextant_app USING ((tenant_id = '*'::text));


--
-- Name: tenant_quota defaults_readable; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY defaults_readable ON public.tenant_quota FOR SELECT TO sextant_app USING ((tenant_id = '*'::text));


--
-- Name: event; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.event ENABLE ROW LEVEL SECURITY;

--
-- Name: kill_switch global_readable; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY global_readable ON public.kill_switch FOR SELECT TO sextant_app USING ((tenant_id = '*'::text));


--
-- Name: inbox_message; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.inbox_message ENABLE ROW LEVEL SECURITY;

--
-- Name: incident; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.incident ENABLE ROW LEVEL SECURITY;

--
-- Name: incident_transition; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.incident_transition ENABLE ROW LEVEL SECURITY;

--
-- Name: kill_switch; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.kill_switch ENABLE ROW LEVEL SECURITY;

--
-- Name: kill_switch_audit; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.kill_switch_audit ENABLE ROW LEVEL SECURITY;

--
-- Name: metric_latest; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.metric_latest ENABLE ROW LEVEL SECURITY;

--
-- Name: outbox_audit; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.outbox_audit ENABLE ROW LEVEL SECURITY;

--
-- Name: outbox_dead; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.outbox_dead ENABLE ROW LEVEL SECURITY;

--
-- Name: outbox_delayed; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.outbox_delayed ENABLE ROW LEVEL SECURITY;

--
-- Name: outbox_event; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.outbox_event ENABLE ROW LEVEL SECURITY;

--
-- Name: outbox_lane; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.outbox_lane ENABLE ROW LEVEL SECURITY;

--
-- Name: outbox_pending; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.outbox_pending ENABLE ROW LEVEL SECURITY;

--
-- Name: outbox_publication; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.outbox_publication ENABLE ROW LEVEL SECURITY;

--
-- Name: outbox_usage; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.outbox_usage ENABLE ROW LEVEL SECURITY;

--
-- Name: output_file; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.output_file ENABLE ROW LEVEL SECURITY;

--
-- Name: output_version; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.output_version ENABLE ROW LEVEL SECURITY;

--
-- Name: action owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.action TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: baseline owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.baseline TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: config_audit owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.config_audit TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: decision owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.decision TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: event owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.event TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: inbox_message owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.inbox_message TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: incident owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.incident TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: incident_transition owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.incident_transition TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: kill_switch owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.kill_switch TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: kill_switch_audit owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.kill_switch_audit TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: metric_latest owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.metric_latest TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: outbox_audit owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.outbox_audit TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: outbox_dead owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.outbox_dead TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: outbox_delayed owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.outbox_delayed TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: outbox_event owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.outbox_event TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: outbox_lane owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.outbox_lane TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: outbox_pending owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.outbox_pending TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: outbox_publication owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.outbox_publication TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: outbox_usage owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.outbox_usage TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: output_file owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.output_file TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: output_version owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.output_version TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: rate_limit_counter owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.rate_limit_counter TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: run_attempt owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.run_attempt TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: run_replay owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.run_replay TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: scenario owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.scenario TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: scenario_event owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.scenario_event TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: scenario_run owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.scenario_run TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: scenario_version owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.scenario_version TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: setting owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.setting TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: tenant owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.tenant TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: tenant_audit owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.tenant_audit TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: tenant_quota owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.tenant_quota TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: vendor owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.vendor TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: vendor_audit owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.vendor_audit TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: vendor_state owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.vendor_state TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: workflow owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.workflow TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: workflow_audit owner_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_access ON public.workflow_audit TO sextant_admin USING (true) WITH CHECK (true);


--
-- Name: action platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.action TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: baseline platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.baseline TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: config_audit platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.config_audit TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: decision platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.decision TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: event platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.event TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: inbox_message platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.inbox_message TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: incident platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.incident TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: incident_transition platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.incident_transition TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: kill_switch platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.kill_switch TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: kill_switch_audit platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.kill_switch_audit TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: metric_latest platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.metric_latest TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: outbox_audit platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.outbox_audit TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: outbox_dead platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.outbox_dead TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: outbox_delayed platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.outbox_delayed TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: outbox_event platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.outbox_event TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: outbox_lane platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.outbox_lane TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: outbox_pending platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.outbox_pending TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: outbox_publication platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.outbox_publication TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: outbox_usage platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.outbox_usage TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: output_file platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.output_file TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: output_version platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.output_version TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: rate_limit_counter platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.rate_limit_counter TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: run_attempt platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.run_attempt TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: run_replay platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.run_replay TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: scenario platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.scenario TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: scenario_event platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.scenario_event TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: scenario_run platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.scenario_run TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: scenario_version platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.scenario_version TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: setting platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.setting TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: tenant platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.tenant TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: tenant_audit platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.tenant_audit TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: tenant_quota platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.tenant_quota TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: vendor platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.vendor TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: vendor_audit platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.vendor_audit TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: vendor_state platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.vendor_state TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: workflow platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.workflow TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: workflow_audit platform_access; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY platform_access ON public.workflow_audit TO sextant_platform USING (true) WITH CHECK (true);


--
-- Name: rate_limit_counter; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.rate_limit_counter ENABLE ROW LEVEL SECURITY;

--
-- Name: run_attempt; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.run_attempt ENABLE ROW LEVEL SECURITY;

--
-- Name: run_replay; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.run_replay ENABLE ROW LEVEL SECURITY;

--
-- Name: scenario; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.scenario ENABLE ROW LEVEL SECURITY;

--
-- Name: scenario_event; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.scenario_event ENABLE ROW LEVEL SECURITY;

--
-- Name: scenario_run; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.scenario_run ENABLE ROW LEVEL SECURITY;

--
-- Name: scenario_version; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.scenario_version ENABLE ROW LEVEL SECURITY;

--
-- Name: setting; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.setting ENABLE ROW LEVEL SECURITY;

--
-- Name: tenant; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.tenant ENABLE ROW LEVEL SECURITY;

--
-- Name: tenant_audit; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.tenant_audit ENABLE ROW LEVEL SECURITY;

--
-- Name: action tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.action TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: baseline tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.baseline TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: config_audit tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.config_audit TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: decision tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.decision TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: event tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.event TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: inbox_message tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.inbox_message TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: incident tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.incident TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: incident_transition tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.incident_transition TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: kill_switch tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.kill_switch TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: kill_switch_audit tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.kill_switch_audit TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: metric_latest tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.metric_latest TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: outbox_audit tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.outbox_audit TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: outbox_dead tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.outbox_dead TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: outbox_delayed tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.outbox_delayed TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: outbox_event tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.outbox_event TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: outbox_lane tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.outbox_lane TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: outbox_pending tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.outbox_pending TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: outbox_publication tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.outbox_publication TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: outbox_usage tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.outbox_usage TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: output_file tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.output_file TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: output_version tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.output_version TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: rate_limit_counter tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.rate_limit_counter TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: run_attempt tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.run_attempt TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: run_replay tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.run_replay TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: scenario tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.scenario TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: scenario_event tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.scenario_event TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: scenario_run tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.scenario_run TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: scenario_version tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.scenario_version TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: setting tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.setting TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: tenant tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.tenant TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: tenant_audit tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.tenant_audit TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: tenant_quota tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.tenant_quota TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: vendor tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.vendor TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: vendor_audit tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.vendor_audit TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: vendor_state tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.vendor_state TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: workflow tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.workflow TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: workflow_audit tenant_isolation; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tenant_isolation ON public.workflow_audit TO sextant_app USING ((tenant_id = public.current_tenant())) WITH CHECK ((tenant_id = public.current_tenant()));


--
-- Name: tenant_quota; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.tenant_quota ENABLE ROW LEVEL SECURITY;

--
-- Name: vendor; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.vendor ENABLE ROW LEVEL SECURITY;

--
-- Name: vendor_audit; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.vendor_audit ENABLE ROW LEVEL SECURITY;

--
-- Name: vendor_state; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.vendor_state ENABLE ROW LEVEL SECURITY;

--
-- Name: workflow; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.workflow ENABLE ROW LEVEL SECURITY;

--
-- Name: workflow_audit; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.workflow_audit ENABLE ROW LEVEL SECURITY;

--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA public TO sextant_app;
GRANT USAGE ON SCHEMA public TO sextant_platform;


--
-- Name: TABLE scenario_run; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.scenario_run TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.scenario_run TO sextant_platform;


--
-- Name: TABLE scenario; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.scenario TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.scenario TO sextant_platform;


--
-- Name: TABLE kill_switch; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.kill_switch TO sextant_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.kill_switch TO sextant_platform;


--
-- Name: TABLE action; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.action TO sextant_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.action TO sextant_platform;


--
-- Name: TABLE baseline; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.baseline TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.baseline TO sextant_platform;


--
-- Name: TABLE config_audit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.config_audit TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.config_audit TO sextant_platform;


--
-- Name: TABLE decision; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.decision TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.decision TO sextant_platform;


--
-- Name: TABLE event; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.event TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.event TO sextant_platform;


--
-- Name: TABLE inbox_message; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.inbox_message TO sextant_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.inbox_message TO sextant_platform;


--
-- Name: TABLE incident; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.incident TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.incident TO sextant_platform;


--
-- Name: TABLE incident_transition; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.incident_transition TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.incident_transition TO sextant_platform;


--
-- Name: TABLE kill_switch_audit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.kill_switch_audit TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.kill_switch_audit TO sextant_platform;


--
-- Name: TABLE metric_latest; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.metric_latest TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.metric_latest TO sextant_platform;


--
-- Name: TABLE outbox_audit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.outbox_audit TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.outbox_audit TO sextant_platform;


--
-- Name: TABLE outbox_dead; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.outbox_dead TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox_dead TO sextant_platform;


--
-- Name: TABLE outbox_delayed; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.outbox_delayed TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox_delayed TO sextant_platform;


--
-- Name: TABLE outbox_event; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.outbox_event TO sextant_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.outbox_event TO sextant_platform;


--
-- Name: TABLE outbox_lane; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.outbox_lane TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox_lane TO sextant_platform;


--
-- Name: COLUMN outbox_lane.pending; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(pending) ON TABLE public.outbox_lane TO sextant_app;


--
-- Name: COLUMN outbox_lane.measured_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(measured_at) ON TABLE public.outbox_lane TO sextant_app;


--
-- Name: SEQUENCE outbox_position; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.outbox_position TO sextant_app;
GRANT SELECT,USAGE ON SEQUENCE public.outbox_position TO sextant_platform;


--
-- Name: TABLE outbox_pending; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.outbox_pending TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox_pending TO sextant_platform;


--
-- Name: TABLE outbox_publication; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.outbox_publication TO sextant_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.outbox_publication TO sextant_platform;


--
-- Name: TABLE outbox_usage; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.outbox_usage TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox_usage TO sextant_platform;


--
-- Name: TABLE output_batch; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.output_batch TO sextant_platform;


--
-- Name: TABLE output_file; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.output_file TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.output_file TO sextant_platform;


--
-- Name: TABLE output_version; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.output_version TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.output_version TO sextant_platform;


--
-- Name: TABLE rate_limit_counter; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rate_limit_counter TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rate_limit_counter TO sextant_platform;


--
-- Name: TABLE run_attempt; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.run_attempt TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.run_attempt TO sextant_platform;


--
-- Name: TABLE run_replay; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.run_replay TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.run_replay TO sextant_platform;


--
-- Name: TABLE scenario_event; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.scenario_event TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.scenario_event TO sextant_platform;


--
-- Name: TABLE scenario_version; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.scenario_version TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.scenario_version TO sextant_platform;


--
-- Name: TABLE setting; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.setting TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.setting TO sextant_platform;


--
-- Name: TABLE tenant; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenant TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenant TO sextant_platform;


--
-- Name: TABLE tenant_audit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.tenant_audit TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.tenant_audit TO sextant_platform;


--
-- Name: TABLE tenant_quota; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.tenant_quota TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenant_quota TO sextant_platform;


--
-- Name: TABLE vendor; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.vendor TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.vendor TO sextant_platform;


--
-- Name: TABLE vendor_audit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.vendor_audit TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.vendor_audit TO sextant_platform;


--
-- Name: TABLE vendor_state; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.vendor_state TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.vendor_state TO sextant_platform;


--
-- Name: TABLE workflow; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.workflow TO sextant_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.workflow TO sextant_platform;


--
-- Name: TABLE workflow_audit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.workflow_audit TO sextant_app;
GRANT SELECT,INSERT ON TABLE public.workflow_audit TO sextant_platform;


--
-- PostgreSQL database dump complete
--

\unrestrict B8MEXiGLreUz20bgHRj4VKLzsDt5kHgstafDSRtjTxX0vvI9ZzvBc4DrUQlOwqK

