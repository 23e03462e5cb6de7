-- Operations: failures are noticed, explained and acted on.
--
-- An event is a fact and never changes. A failure counts into the incident of its signature, in the statement
-- that stores it. Decisions say what ought to be done and why, and never change either. Actions do it: an action is
-- claimed by compare-and-set, so that it is done at most once however often it is delivered.
--
-- The tenant of what belongs to no tenant (a dead outbox event of the platform itself) is `platform`.

-- Tenants, workflows, vendors --------------------------------------------------------------------
CREATE TABLE tenant (
    tenant_id  text        NOT NULL,
    id         uuid        NOT NULL,
    name       text        NOT NULL,
    active     boolean     NOT NULL DEFAULT true,
    settings   jsonb       NOT NULL DEFAULT '{}',
    version    integer     NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text        NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT tenant_slug_unique UNIQUE (tenant_id),
    CONSTRAINT tenant_slug_check CHECK (tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    CONSTRAINT tenant_name_check CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT tenant_settings_check CHECK (jsonb_typeof(settings) = 'object')
);
SELECT protect_tenant_table('tenant');
COMMENT ON TABLE tenant IS 'What is known of a tenant. One that the authorizer vouches for and that is not here is active, with the defaults.';

CREATE TABLE workflow (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    state       text        NOT NULL DEFAULT 'ACTIVE',
    max_retries integer     NOT NULL DEFAULT 3,
    dry_run     boolean     NOT NULL DEFAULT false,
    version     integer     NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by  text        NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by  text        NOT NULL,
    deleted_at  timestamptz,
    name_key    text        NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
    CONSTRAINT workflow_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT workflow_name_check CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT workflow_state_check CHECK (state IN ('ACTIVE', 'PAUSED')),
    CONSTRAINT workflow_max_retries_check CHECK (max_retries BETWEEN 0 AND 100)
);
CREATE UNIQUE INDEX workflow_tenant_name_unique ON workflow (tenant_id, name_key) WHERE deleted_at IS NULL;
SELECT protect_tenant_table('workflow');
COMMENT ON COLUMN workflow.dry_run IS 'Decisions are made and actions recorded, but nothing is done.';

CREATE TABLE vendor (
    tenant_id         text        NOT NULL,
    id                uuid        NOT NULL,
    name              text        NOT NULL,
    description       text        NOT NULL DEFAULT '',
    failure_threshold integer     NOT NULL DEFAULT 5,
    reset_seconds     integer     NOT NULL DEFAULT 60,
    rate_per_minute   integer,
    max_retries       integer     NOT NULL DEFAULT 3,
    version           integer     NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by        text        NOT NULL,
    updated_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by        text        NOT NULL,
    deleted_at        timestamptz,
    name_key          text        NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
    CONSTRAINT vendor_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT vendor_name_check CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT vendor_failure_threshold_check CHECK (failure_threshold BETWEEN 1 AND 1000),
    CONSTRAINT vendor_reset_seconds_check CHECK (reset_seconds BETWEEN 1 AND 86400),
    CONSTRAINT vendor_rate_check CHECK (rate_per_minute BETWEEN 1 AND 1000000),
    CONSTRAINT vendor_max_retries_check CHECK (max_retries BETWEEN 0 AND 100)
);
CREATE UNIQUE INDEX vendor_tenant_name_unique ON vendor (tenant_id, name_key) WHERE deleted_at IS NULL;
SELECT protect_tenant_table('vendor');

-- What people change of these leaves a row a field (the storage layer's copy_on_change).
CREATE TABLE tenant_audit (
    tenant_id      text        NOT NULL,
    record_id      uuid        NOT NULL,
    version        integer     NOT NULL,
    field          text        NOT NULL,
    old_value      jsonb,
    new_value      jsonb,
    changed_at     timestamptz NOT NULL,
    changed_by     text        NOT NULL,
    transaction_id bigint      NOT NULL,
    CONSTRAINT tenant_audit_pkey PRIMARY KEY (tenant_id, record_id, version, field)
);
CREATE TABLE workflow_audit (LIKE tenant_audit, CONSTRAINT workflow_audit_pkey PRIMARY KEY (tenant_id, record_id, version, field));
CREATE TABLE vendor_audit (LIKE tenant_audit, CONSTRAINT vendor_audit_pkey PRIMARY KEY (tenant_id, record_id, version, field));
SELECT protect_tenant_table(t), protect_append_only(t) FROM unnest(ARRAY['tenant_audit', 'workflow_audit', 'vendor_audit']::regclass[]) AS t;

-- The breaker and the limit of a vendor: what changes with every call, apart from what people configure.
CREATE TABLE vendor_state (
    tenant_id   text        NOT NULL,
    vendor_id   uuid        NOT NULL,
    breaker     text        NOT NULL DEFAULT 'CLOSED',
    failures    integer     NOT NULL DEFAULT 0,
    opened_at   timestamptz,
    opened_by   text        NOT NULL DEFAULT '',
    probe_token uuid,
    probe_until timestamptz,
    epoch       bigint      NOT NULL DEFAULT 0,
    calls       integer[]   NOT NULL DEFAULT array_fill(0, ARRAY[61]),
    calls_until bigint      NOT NULL DEFAULT 0,
    CONSTRAINT vendor_state_pkey PRIMARY KEY (tenant_id, vendor_id),
    CONSTRAINT vendor_state_vendor_fkey FOREIGN KEY (tenant_id, vendor_id) REFERENCES vendor (tenant_id, id),
    CONSTRAINT vendor_state_breaker_check CHECK (breaker IN ('CLOSED', 'OPEN', 'HALF_OPEN')),
    CONSTRAINT vendor_state_opened_check CHECK ((breaker = 'CLOSED') = (opened_at IS NULL))
) WITH (fillfactor = 50);
COMMENT ON COLUMN vendor_state.calls IS 'Calls admitted in each of the last 61 seconds, a ring; their sum bounds every 60 seconds.';
COMMENT ON COLUMN vendor_state.epoch IS 'Raised whenever the breaker opens or closes: the outcome of a call admitted before counts no more.';
SELECT protect_tenant_table('vendor_state');

-- Events and incidents ---------------------------------------------------------------------------
CREATE TABLE incident (
    tenant_id      text        NOT NULL,
    id             uuid        NOT NULL,
    signature      text        NOT NULL,
    algorithm      smallint    NOT NULL,
    is_current     boolean     NOT NULL DEFAULT true,
    previous_id    uuid,
    title          text        NOT NULL,
    workflow_id    uuid        NOT NULL,
    vendor_id      uuid,
    state          text        NOT NULL DEFAULT 'NEW',
    state_reason   text        NOT NULL DEFAULT '',
    severity       text        NOT NULL,
    event_count    bigint      NOT NULL DEFAULT 1,
    cycle          integer     NOT NULL DEFAULT 1,
    cycle_events   bigint      NOT NULL DEFAULT 1,
    first_seen     timestamptz NOT NULL,
    last_seen      timestamptz NOT NULL,
    opened_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    escalated_at   timestamptz,
    reopened_at    timestamptz,
    resolved_at    timestamptz,
    updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by     text        NOT NULL DEFAULT 'detection',
    correlation_id text        NOT NULL DEFAULT '',
    CONSTRAINT incident_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT incident_workflow_fkey FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflow (tenant_id, id),
    CONSTRAINT incident_state_check CHECK (state IN ('NEW', 'ANALYZING', 'ACTIONED', 'RESOLVED', 'IGNORED')),
    CONSTRAINT incident_severity_check CHECK (severity IN ('ERROR', 'CRITICAL')),
    CONSTRAINT incident_resolved_check CHECK ((resolved_at IS NOT NULL) = (state = 'RESOLVED'))
) WITH (fillfactor = 50);
COMMENT ON COLUMN incident.is_current IS 'Whether the next failure of this signature looks at this incident; a quiet one makes way for its successor.';
COMMENT ON COLUMN incident.cycle_events IS 'Failures since the incident was opened or reopened last; escalation counts these.';
CREATE UNIQUE INDEX incident_signature_current ON incident (tenant_id, signature) WHERE is_current;
CREATE INDEX incident_unanalysed ON incident (opened_at) WHERE state = 'NEW';
SELECT protect_tenant_table('incident');

CREATE TABLE event (
    tenant_id       text        NOT NULL,
    id              uuid        NOT NULL,
    workflow_id     uuid        NOT NULL,
    vendor_id       uuid,
    run_id          uuid,
    incident_id     uuid,
    event_type      text        NOT NULL,
    severity        text        NOT NULL,
    source          text        NOT NULL,
    payload         jsonb       NOT NULL,
    idempotency_key text,
    request_hash    text,
    correlation_id  text        NOT NULL DEFAULT '',
    occurred_at     timestamptz NOT NULL,
    received_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT event_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT event_workflow_fkey FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflow (tenant_id, id),
    -- By source: no sender can take a key that the platform tells its own failures once by.
    CONSTRAINT event_idempotency_key_unique UNIQUE (tenant_id, idempotency_key, source),
    CONSTRAINT event_type_check CHECK (event_type ~ '^[a-z0-9][a-z0-9_.:-]{0,99}$'),
    CONSTRAINT event_severity_check CHECK (severity IN ('INFO', 'WARNING', 'ERROR', 'CRITICAL')),
    CONSTRAINT event_source_check CHECK (source IN ('API', 'PLATFORM'))
);
CREATE INDEX event_incident ON event (tenant_id, incident_id, id) WHERE incident_id IS NOT NULL;
CREATE INDEX event_workflow ON event (tenant_id, workflow_id, id);
SELECT protect_tenant_table('event');
SELECT protect_append_only('event');

CREATE TABLE incident_transition (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    incident_id uuid        NOT NULL,
    from_state  text,
    to_state    text        NOT NULL,
    actor       text        NOT NULL,
    reason      text        NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT incident_transition_pkey PRIMARY KEY (tenant_id, incident_id, id)
);
SELECT protect_tenant_table('incident_transition');
SELECT protect_append_only('incident_transition');

-- The states of an incident, held by the database itself; every move leaves its trace.
CREATE FUNCTION guard_incident_state() RETURNS trigger
    LANGUAGE plpgsql AS $$
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
CREATE TRIGGER guard_incident_state BEFORE INSERT OR UPDATE OF state ON incident FOR EACH ROW EXECUTE FUNCTION guard_incident_state();

-- Decisions and actions --------------------------------------------------------------------------
CREATE TABLE decision (
    tenant_id      text             NOT NULL,
    id             uuid             NOT NULL,
    incident_id    uuid             NOT NULL,
    event_id       uuid,
    trigger_key    text             NOT NULL,
    decision_type  text             NOT NULL,
    maker          text             NOT NULL,
    maker_name     text             NOT NULL,
    confidence     double precision NOT NULL,
    reasoning      text             NOT NULL,
    proposal       jsonb            NOT NULL,
    verdict        text             NOT NULL,
    verdict_reason text             NOT NULL DEFAULT '',
    correlation_id text             NOT NULL DEFAULT '',
    decided_at     timestamptz      NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT decision_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT decision_incident_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id),
    CONSTRAINT decision_once UNIQUE (tenant_id, incident_id, trigger_key, maker),
    CONSTRAINT decision_maker_check CHECK (maker IN ('RULE', 'AI', 'PERSON')),
    CONSTRAINT decision_verdict_check CHECK (verdict IN ('ACTED', 'ADVISORY', 'REJECTED')),
    CONSTRAINT decision_confidence_check CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT decision_reasoning_check CHECK (length(reasoning) BETWEEN 1 AND 8000)
);
CREATE INDEX decision_incident ON decision (tenant_id, incident_id, id);
COMMENT ON COLUMN decision.verdict IS 'ACTED: its actions were taken. ADVISORY: kept to be read, below the threshold. REJECTED: outside the rules.';
SELECT protect_tenant_table('decision');
SELECT protect_append_only('decision');

CREATE TABLE action (
    tenant_id      text        NOT NULL,
    id             uuid        NOT NULL,
    incident_id    uuid,
    decision_id    uuid,
    ordinal        smallint    NOT NULL DEFAULT 0,
    action_type    text        NOT NULL,
    target         text        NOT NULL DEFAULT '',
    parameters     jsonb       NOT NULL DEFAULT '{}',
    state          text        NOT NULL DEFAULT 'PENDING',
    result         jsonb,
    dry_run        boolean     NOT NULL DEFAULT false,
    reverses_id    uuid,
    attempt        smallint    NOT NULL DEFAULT 1,
    postponed      integer     NOT NULL DEFAULT 0,
    waits_for      jsonb,
    requested_by   text        NOT NULL,
    correlation_id text        NOT NULL DEFAULT '',
    due_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at     timestamptz,
    completed_at   timestamptz,
    completed_by   text,
    CONSTRAINT action_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT action_incident_fkey FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id),
    CONSTRAINT action_decision_fkey FOREIGN KEY (tenant_id, decision_id) REFERENCES decision (tenant_id, id),
    CONSTRAINT action_reverses_fkey FOREIGN KEY (tenant_id, reverses_id) REFERENCES action (tenant_id, id),
    CONSTRAINT action_once UNIQUE (tenant_id, decision_id, ordinal),
    CONSTRAINT action_type_check CHECK (action_type IN ('RETRY', 'ESCALATE', 'MANUAL', 'BREAKER_OPEN', 'BREAKER_CLOSE',
        'KILL_SWITCH_ON', 'KILL_SWITCH_OFF', 'WORKFLOW_PAUSE', 'WORKFLOW_RESUME', 'CANCEL_RUN')),
    CONSTRAINT action_state_check CHECK (state IN ('PENDING', 'IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'SKIPPED')),
    CONSTRAINT action_completed_check CHECK ((completed_at IS NOT NULL) = (state IN ('SUCCEEDED', 'FAILED', 'SKIPPED')))
);
COMMENT ON COLUMN action.waits_for IS 'Why it was put off last: a vendor''s breaker, a kill switch. Kept when it goes on.';
-- A reversal that failed or was skipped has undone nothing: it may be asked for again.
CREATE UNIQUE INDEX action_reversed_once ON action (tenant_id, reverses_id) WHERE state NOT IN ('FAILED', 'SKIPPED');
CREATE INDEX action_stopped ON action (tenant_id, due_at) WHERE state = 'PENDING' AND waits_for ->> 'reason' = 'kill_switch';
CREATE INDEX action_incident ON action (tenant_id, incident_id, id);
CREATE INDEX action_taken ON action (tenant_id, action_type, target, started_at) WHERE state IN ('IN_PROGRESS', 'SUCCEEDED', 'FAILED');
CREATE INDEX action_hourly ON action (tenant_id, started_at) WHERE state IN ('IN_PROGRESS', 'SUCCEEDED', 'FAILED');
CREATE INDEX action_open ON action (due_at) WHERE state IN ('PENDING', 'IN_PROGRESS');
SELECT protect_tenant_table('action');
REVOKE DELETE ON action FROM sextant_app, sextant_platform;

CREATE FUNCTION guard_action_state() RETURNS trigger
    LANGUAGE plpgsql AS $$
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
CREATE TRIGGER guard_action_state BEFORE UPDATE ON action FOR EACH ROW EXECUTE FUNCTION guard_action_state();

-- Which runs failed of those that are equal to one that succeeded.
CREATE INDEX scenario_run_failed ON scenario_run (tenant_id, scenario_id, version_hash) WHERE state IN ('FAILED', 'TIMEOUT');

-- Which run repeats which: the chain that retry limits count along.
CREATE TABLE run_replay (
    tenant_id  text        NOT NULL,
    run_id     uuid        NOT NULL,
    replays_id uuid        NOT NULL,
    root_id    uuid        NOT NULL,
    generation integer     NOT NULL,
    action_id  uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT run_replay_pkey PRIMARY KEY (tenant_id, run_id),
    CONSTRAINT run_replay_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES scenario_run (tenant_id, id)
);
SELECT protect_tenant_table('run_replay');
SELECT protect_append_only('run_replay');

-- Kill switches ----------------------------------------------------------------------------------
-- The row of tenant * is the global switch. It is always there: whoever cannot see it cannot read the switches,
-- and then nothing starts.
CREATE TABLE kill_switch (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    scope       text        NOT NULL,
    target      text        NOT NULL,
    active      boolean     NOT NULL,
    by_platform boolean     NOT NULL DEFAULT false,
    reason      text        NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by  text        NOT NULL,
    CONSTRAINT kill_switch_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT kill_switch_target_unique UNIQUE (tenant_id, scope, target),
    CONSTRAINT kill_switch_scope_check CHECK (scope IN ('GLOBAL', 'TENANT', 'WORKFLOW', 'VENDOR')),
    CONSTRAINT kill_switch_global_check CHECK ((scope = 'GLOBAL') = (tenant_id = '*')),
    CONSTRAINT kill_switch_reason_check CHECK (length(reason) BETWEEN 1 AND 1000)
);
COMMENT ON COLUMN kill_switch.by_platform IS 'Set by the platform: the tenant itself cannot lift it.';
SELECT protect_tenant_table('kill_switch');
REVOKE DELETE ON kill_switch FROM sextant_app, sextant_platform;
CREATE POLICY global_readable ON kill_switch FOR SELECT TO sextant_app USING (tenant_id = '*');
INSERT INTO kill_switch (tenant_id, id, scope, target, active, by_platform, reason, changed_by)
VALUES ('*', outbox_event_id(), 'GLOBAL', '*', false, true, 'never set', 'migration');

CREATE TABLE kill_switch_audit (
    tenant_id      text        NOT NULL,
    id             uuid        NOT NULL,
    switch_id      uuid        NOT NULL,
    scope          text        NOT NULL,
    target         text        NOT NULL,
    active         boolean     NOT NULL,
    reason         text        NOT NULL,
    actor          text        NOT NULL,
    correlation_id text        NOT NULL DEFAULT '',
    occurred_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT kill_switch_audit_pkey PRIMARY KEY (tenant_id, id)
);
CREATE INDEX kill_switch_audit_switch ON kill_switch_audit (tenant_id, switch_id, id);
SELECT protect_tenant_table('kill_switch_audit');
SELECT protect_append_only('kill_switch_audit');

-- The switch that stops this, as a JSON object, or NULL. `p_workflow` and `p_vendor` may be NULL.
CREATE FUNCTION kill_switch_over(p_tenant text, p_workflow uuid, p_vendor uuid) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
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

-- The workflow that the platform's own runs belong to, made when it is first needed.
CREATE FUNCTION platform_workflow(p_tenant text) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    found_id uuid;
BEGIN
    SELECT w.id INTO found_id FROM workflow w WHERE w.tenant_id = p_tenant AND w.name_key = 'scenario-runs' AND w.deleted_at IS NULL;
    IF FOUND THEN
        RETURN found_id;
    END IF;
    INSERT INTO workflow (tenant_id, id, name, description, created_by, updated_by)
    VALUES (p_tenant, outbox_event_id(), 'scenario-runs', 'The runs of the tenant''s scenarios', 'platform', 'platform')
    ON CONFLICT (tenant_id, name_key) WHERE deleted_at IS NULL DO NOTHING;
    SELECT w.id INTO STRICT found_id FROM workflow w WHERE w.tenant_id = p_tenant AND w.name_key = 'scenario-runs' AND w.deleted_at IS NULL;
    RETURN found_id;
END
$$;

-- Replaces the admission of 0003: looked at by request_run and claim_run inside their one statement.
CREATE OR REPLACE FUNCTION run_admission(p_tenant text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    flow    workflow;
    refusal text;
BEGIN
    IF EXISTS (SELECT FROM tenant t WHERE t.tenant_id = p_tenant AND NOT (t.active AND t.deleted_at IS NULL)) THEN
        RETURN jsonb_build_object('scope', 'TENANT', 'target', p_tenant, 'reason', 'the tenant is not active')::text;
    END IF;
    SELECT * INTO flow FROM workflow w WHERE w.tenant_id = p_tenant AND w.name_key = 'scenario-runs' AND w.deleted_at IS NULL;
    refusal := kill_switch_over(p_tenant, flow.id, NULL);
    IF refusal IS NULL AND flow.state = 'PAUSED' THEN
        refusal := jsonb_build_object('scope', 'WORKFLOW', 'target', flow.id, 'reason', 'the workflow is paused')::text;
    END IF;
    RETURN refusal;
END
$$;

-- Something may start again. Runs that were asked for meanwhile lost their message, and retries that were put off wait for
-- their time: ask for both now. Harmless for those that still may not start, they go on waiting. How many runs.
CREATE FUNCTION resume_runs(p_tenant text) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    runs  integer;
    woken action;
BEGIN
    PERFORM outbox_enqueue(
        r.tenant_id, 'run.requested', format('run:%s:%s:%s', r.id, r.fencing_token, (extract(epoch FROM clock_timestamp()) * 1000)::bigint),
        jsonb_build_object('run_id', r.id, 'tenant_id', r.tenant_id, 'scenario_id', r.scenario_id),
        jsonb_build_object('correlation-id', r.correlation_id), p_refusable => false)
    FROM scenario_run r WHERE r.state = 'QUEUED' AND (p_tenant = '*' OR r.tenant_id = p_tenant);
    GET DIAGNOSTICS runs = ROW_COUNT;
    FOR woken IN
        UPDATE action a SET due_at = clock_timestamp(), postponed = a.postponed + 1
        WHERE a.state = 'PENDING' AND a.waits_for ->> 'reason' = 'kill_switch' AND (p_tenant = '*' OR a.tenant_id = p_tenant)
        RETURNING a.*
    LOOP
        PERFORM outbox_enqueue(
            woken.tenant_id, 'action.requested', format('action:%s:%s', woken.id, woken.postponed),
            jsonb_build_object('tenant_id', woken.tenant_id, 'action_id', woken.id),
            jsonb_build_object('correlation-id', woken.correlation_id), p_refusable => false);
    END LOOP;
    RETURN runs;
END
$$;

-- Set or lift a switch. `outcome` is CHANGED, UNCHANGED or HELD_BY_PLATFORM. In force with the commit.
CREATE FUNCTION set_kill_switch(
    p_tenant text, p_scope text, p_target text, p_active boolean, p_reason text, p_actor text, p_platform boolean,
    p_correlation_id text, OUT outcome text, OUT switch kill_switch
) LANGUAGE plpgsql AS $$
DECLARE
    owner text := CASE WHEN p_scope = 'GLOBAL' THEN '*' ELSE p_tenant END;
BEGIN
    INSERT INTO kill_switch (tenant_id, id, scope, target, active, reason, changed_by)
    VALUES (owner, outbox_event_id(), p_scope, p_target, false, p_reason, p_actor)
    ON CONFLICT (tenant_id, scope, target) DO NOTHING;
    SELECT * INTO STRICT switch FROM kill_switch k
    WHERE k.tenant_id = owner AND k.scope = p_scope AND k.target = p_target FOR UPDATE;
    -- What the tenant has set already the platform may set too: from then on only the platform lifts it.
    IF switch.active = p_active AND NOT (p_active AND p_platform AND NOT switch.by_platform) THEN
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

-- Ingest and detection ---------------------------------------------------------------------------
-- The signature of an explicit fingerprint; sextant.operations.signature.of_fingerprint is the same in Python.
CREATE FUNCTION fingerprint_signature(p_tenant text, p_fingerprint text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to('1' || E'\n' || p_tenant || E'\n' || 'fingerprint' || E'\n' || p_fingerprint, 'UTF8')), 'hex')
$$;

-- Count a failure into the current incident of its signature, or open one. `change` is OPENED, REOPENED, ESCALATED or
-- COUNTED. The row's lock makes the count exact; nothing else of the incident is read before it.
--
-- An incident may be quiet for `p_grouping` and still take a failure; a resolved one is reopened for as long as
-- `p_reopening`; `p_escalate_at` failures escalate it. `p_reopens` is for a failure that nobody has answered yet, a failed
-- run: it reopens a resolved incident also where it happened before the resolution and was only told afterwards.
CREATE FUNCTION count_failure(
    p_tenant text, p_signature text, p_algorithm integer, p_title text, p_workflow uuid, p_vendor uuid, p_severity text,
    p_occurred_at timestamptz, p_correlation_id text, p_grouping interval, p_reopening interval, p_escalate_at integer, p_reopens boolean,
    OUT incident_id uuid, OUT change text, OUT state text, OUT events bigint, OUT cycle_events bigint
) LANGUAGE plpgsql AS $$
DECLARE
    moment    timestamptz := clock_timestamp();
    reopened  boolean;
    escalated boolean;
    previous  uuid;
BEGIN
    -- A sender whose clock is fast must not hold the window open: nothing was seen later than now.
    p_occurred_at := least(p_occurred_at, moment);
    FOR turn IN 1..5 LOOP
        UPDATE incident i SET
            event_count = i.event_count + 1,
            first_seen = least(i.first_seen, p_occurred_at),
            last_seen = greatest(i.last_seen, p_occurred_at),
            severity = CASE WHEN p_severity = 'CRITICAL' THEN 'CRITICAL' ELSE i.severity END,
            cycle_events = CASE WHEN i.state = 'RESOLVED' AND (p_reopens OR p_occurred_at > i.resolved_at) THEN 1 ELSE i.cycle_events + 1 END,
            escalated_at = CASE
                WHEN i.state = 'RESOLVED' AND (p_reopens OR p_occurred_at > i.resolved_at) THEN CASE WHEN p_severity = 'CRITICAL' OR p_escalate_at <= 1 THEN moment END
                WHEN i.state IN ('NEW', 'ANALYZING', 'ACTIONED') AND i.escalated_at IS NULL
                     AND (i.cycle_events + 1 >= p_escalate_at OR p_severity = 'CRITICAL') THEN moment
                ELSE i.escalated_at END
        WHERE i.tenant_id = p_tenant AND i.signature = p_signature AND i.is_current AND (
               i.state = 'IGNORED'
            OR (i.state = 'RESOLVED' AND p_occurred_at <= i.resolved_at + p_reopening)
            OR (i.state IN ('NEW', 'ANALYZING', 'ACTIONED')
                AND p_occurred_at <= i.last_seen + p_grouping))
        RETURNING i.id, i.state, i.event_count, i.cycle_events, i.escalated_at = moment, i.state = 'RESOLVED' AND (p_reopens OR p_occurred_at > i.resolved_at)
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

-- Store an event and, when it is a failure (`p_signature` given), count it. The answer is {outcome, event id, incident id,
-- change, number of events}; the outcome CREATED, REPLAYED (this key, this event), KEY_REUSED (this key, another event),
-- TENANT_INACTIVE, WORKFLOW_NOT_FOUND, VENDOR_NOT_FOUND or RUN_NOT_FOUND.
--
-- Without `p_workflow` the event belongs to the platform's own workflow; `p_incident` links one that is no failure. An
-- incident that is new, again there, escalated or at `p_review_at` failures, and every failed run, is asked to be analysed.
CREATE FUNCTION ingest_event(
    p_tenant text, p_event uuid, p_workflow uuid, p_vendor uuid, p_run uuid, p_incident uuid, p_event_type text, p_severity text,
    p_source text, p_payload jsonb, p_idempotency_key text, p_request_hash text, p_correlation_id text, p_traceparent text,
    p_occurred_at timestamptz, p_signature text, p_algorithm integer, p_title text,
    p_grouping interval, p_reopening interval, p_escalate_at integer, p_review_at integer
) RETURNS text[]
    LANGUAGE plpgsql AS $$
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
        FROM event e WHERE e.tenant_id = p_tenant AND e.idempotency_key = p_idempotency_key AND e.source = p_source;
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
    IF p_run IS NOT NULL AND p_source = 'API' AND NOT EXISTS (SELECT FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run) THEN
        RETURN ARRAY['RUN_NOT_FOUND', NULL, NULL, NULL, NULL];
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
        p_grouping, p_reopening, p_escalate_at, p_run IS NOT NULL);
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

-- Runs again --------------------------------------------------------------------------------------
-- Run a run again that ended without success: an equal run, of the same version, with the same hash. `outcome` is
-- CREATED, EXISTING (an equal run lives or succeeded), NOT_ENDED, RUN_NOT_FOUND, PART_OF_ANOTHER (its parent alone is
-- repeated), SCENARIO_NOT_FOUND or NOT_ADMITTED.
CREATE FUNCTION replay_run(
    p_tenant text, p_run uuid, p_new uuid, p_actor text, p_correlation_id text, p_action uuid
) RETURNS requested_run
    LANGUAGE plpgsql AS $$
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
    ELSIF to_jsonb(old) ->> 'parent_run_id' IS NOT NULL THEN
        result.outcome := 'PART_OF_ANOTHER';
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

-- Vendors ----------------------------------------------------------------------------------------
-- Move a breaker, with the event that says so. The opening is a failure and counts; the closing is linked to its incident.
CREATE FUNCTION move_breaker(p_tenant text, p_vendor uuid, p_open boolean, p_actor text, p_reason text, p_correlation_id text) RETURNS boolean
    LANGUAGE plpgsql AS $$
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

CREATE TYPE vendor_admission AS (outcome text, vendor_id uuid, epoch bigint, token uuid, wait_seconds double precision, reason text);

-- Ask to call a vendor. `outcome` is ADMITTED, PROBE (the one call that tries whether the vendor is back), OPEN,
-- RATE_LIMITED, KILL_SWITCH or UNKNOWN. The lock on the vendor's row makes the probe one and the limit exact.
-- `p_patience` is how long a probe may go unheard of before another one is admitted.
CREATE FUNCTION vendor_enter(p_tenant text, p_vendor text, p_patience interval) RETURNS vendor_admission
    LANGUAGE plpgsql AS $$
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
    SELECT * INTO owner FROM vendor v WHERE v.tenant_id = p_tenant AND v.name_key = lower(p_vendor) AND v.deleted_at IS NULL;
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

-- Say how an admitted call ended; the breaker as it then stands. What was admitted before the breaker last moved, or a
-- probe that was given up, changes nothing.
CREATE FUNCTION vendor_leave(
    p_tenant text, p_vendor uuid, p_epoch bigint, p_token uuid, p_succeeded boolean, p_actor text, p_reason text, p_correlation_id text
) RETURNS text
    LANGUAGE plpgsql AS $$
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
