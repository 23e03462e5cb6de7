-- Roles, tenancy, scenarios, runs and outputs.

-- Roles ------------------------------------------------------------------------------------------
-- The application's roles own nothing and cannot bypass row-level security. They belong to the whole
-- cluster, so they may exist already (another database, or a downgrade, which leaves them).
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['sextant_app', 'sextant_platform'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN
            EXECUTE format('GRANT rds_iam TO %I', role_name);
        END IF;
    END LOOP;
END
$$;

-- Set on the role, because a start-up option or a SET would pin a proxied session. They are also cluster-wide:
-- two databases being migrated at once would collide on the catalogue row, so each is set once.
DO $$
DECLARE
    wanted text[][] := ARRAY[
        ['sextant_app', 'statement_timeout', '10s'],
        ['sextant_app', 'lock_timeout', '5s'],
        ['sextant_app', 'idle_in_transaction_session_timeout', '15s'],
        ['sextant_app', 'timezone', 'UTC'],
        ['sextant_platform', 'statement_timeout', '60s'],
        ['sextant_platform', 'lock_timeout', '10s'],
        ['sextant_platform', 'idle_in_transaction_session_timeout', '30s'],
        ['sextant_platform', 'timezone', 'UTC']
    ];
    setting text[];
BEGIN
    PERFORM pg_advisory_xact_lock(7390112);
    FOREACH setting SLICE 1 IN ARRAY wanted LOOP
        IF NOT EXISTS (
            SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
            WHERE s.setdatabase = 0 AND r.rolname = setting[1]
              AND lower(setting[2]) || '=' || setting[3] = ANY (SELECT lower(split_part(c, '=', 1)) || '=' || split_part(c, '=', 2) FROM unnest(s.setconfig) c)
        ) THEN
            EXECUTE format('ALTER ROLE %I SET %I = %L', setting[1], setting[2], setting[3]);
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO sextant_app, sextant_platform;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- Tenancy ----------------------------------------------------------------------------------------
CREATE FUNCTION enter_tenant(p_tenant text) RETURNS void
    LANGUAGE sql AS $$ SELECT set_config('app.current_tenant', p_tenant, true) $$;
COMMENT ON FUNCTION enter_tenant(text) IS
    'Names the tenant of this transaction. set_config called bare pins a proxied session; inside a function it does not.';

-- After a local set_config the setting reads '' outside the transaction, not NULL.
CREATE FUNCTION current_tenant() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT nullif(current_setting('app.current_tenant', true), '') $$;

CREATE FUNCTION protect_tenant_table(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
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
COMMENT ON FUNCTION protect_tenant_table(regclass) IS
    'Forces row-level security on a table with tenant_id: the application sees its tenant, the platform sees all.';

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation',
        CONSTRAINT = TG_TABLE_NAME || '_append_only', TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION protect_append_only(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM sextant_app, sextant_platform', p_table);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION refuse_change()', p_table);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', p_table);
END
$$;
COMMENT ON FUNCTION protect_append_only(regclass) IS 'Makes a table insert-only, by grant and by trigger.';

-- An exclusion constraint needs a GiST operator class for the key. A range that holds one uuid gives it
-- without an extension: two such ranges overlap exactly when the uuids are equal.
CREATE TYPE uuidrange AS RANGE (subtype = uuid);

-- Settings ---------------------------------------------------------------------------------------
-- Feature flags, rate limits, concurrency limits and other values that change while the system runs. The tenant
-- '*' (no slug, so no tenant can have it) holds the platform's defaults, which every tenant may read.
CREATE TABLE setting (
    tenant_id  text        NOT NULL,
    kind       text        NOT NULL,
    name       text        NOT NULL,
    value      jsonb       NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by text        NOT NULL,
    reason     text        NOT NULL,
    CONSTRAINT setting_pkey PRIMARY KEY (tenant_id, kind, name),
    CONSTRAINT setting_kind_check CHECK (kind IN ('flag', 'rate-limit', 'concurrency', 'config')),
    CONSTRAINT setting_value_check CHECK (jsonb_typeof(value) = 'object')
);
SELECT protect_tenant_table('setting');
CREATE POLICY defaults_readable ON setting FOR SELECT TO sextant_app USING (tenant_id = '*');

CREATE TABLE config_audit (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    kind        text        NOT NULL,
    name        text        NOT NULL,
    before      jsonb,
    after       jsonb,
    actor       text        NOT NULL,
    reason      text        NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT config_audit_pkey PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant_table('config_audit');
SELECT protect_append_only('config_audit');

-- The value that holds for a tenant: its own, else the platform's; NULL where neither is set.
CREATE FUNCTION setting_of(p_tenant text, p_kind text, p_name text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.value FROM setting s
    WHERE s.tenant_id IN (p_tenant, '*') AND s.kind = p_kind AND s.name = p_name
    ORDER BY (s.tenant_id = '*') LIMIT 1
$$;

-- Scenarios --------------------------------------------------------------------------------------
-- `assumptions` and `parameters` hold canonical JSON (RFC 8785) as text: the bytes that are stored are the
-- bytes that the version_hash of a run is made of.
CREATE TABLE scenario (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    version     integer     NOT NULL DEFAULT 1,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    status      text        NOT NULL DEFAULT 'ACTIVE',
    assumptions text        NOT NULL,
    parameters  text        NOT NULL,
    tags        text[]      NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text        NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    updated_by  text        NOT NULL,
    deleted_at  timestamptz,
    name_key    text        NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
    CONSTRAINT scenario_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT scenario_status_check CHECK (status IN ('ACTIVE', 'ARCHIVED')),
    CONSTRAINT scenario_name_check CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT scenario_version_check CHECK (version >= 1)
);
-- Under row-level security an index is searched only by what is leakproof: text equality is, lower() and @> are not. So the
-- folded name is a column, and tags, which are filtered while scenarios are walked newest first, have no index.
CREATE UNIQUE INDEX scenario_tenant_name_unique ON scenario (tenant_id, name_key) WHERE deleted_at IS NULL;
SELECT protect_tenant_table('scenario');

CREATE TABLE scenario_version (
    tenant_id      text        NOT NULL,
    id             uuid        NOT NULL,
    version        integer     NOT NULL,
    valid          tstzrange   NOT NULL,
    name           text        NOT NULL,
    description    text        NOT NULL,
    status         text        NOT NULL,
    assumptions    text        NOT NULL,
    parameters     text        NOT NULL,
    tags           text[]      NOT NULL,
    deleted_at     timestamptz,
    changed_by     text        NOT NULL,
    transaction_id bigint      NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,
    CONSTRAINT scenario_version_pkey PRIMARY KEY (tenant_id, id, version),
    CONSTRAINT scenario_version_no_overlap EXCLUDE USING gist (uuidrange(id, id, '[]') WITH &&, valid WITH &&),
    CONSTRAINT scenario_version_valid_check CHECK (NOT isempty(valid))
);
SELECT protect_tenant_table('scenario_version');

-- Runs -------------------------------------------------------------------------------------------
CREATE TABLE scenario_run (
    tenant_id        text        NOT NULL,
    id               uuid        NOT NULL,
    scenario_id      uuid        NOT NULL,
    scenario_version integer     NOT NULL,
    state            text        NOT NULL DEFAULT 'QUEUED',
    priority         text        NOT NULL DEFAULT 'NORMAL',
    version_hash     text        NOT NULL,
    parameters       text        NOT NULL,
    code_version     text        NOT NULL,
    environment      text        NOT NULL,
    seed             bigint      NOT NULL,
    timeout_minutes  integer     NOT NULL,
    max_retries      integer     NOT NULL,
    idempotency_key  text,
    request_hash     text        NOT NULL,
    attempt          integer     NOT NULL DEFAULT 0,
    progress_percent smallint    NOT NULL DEFAULT 0,
    fencing_token    bigint      NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    available_at     timestamptz NOT NULL DEFAULT '-infinity',
    claim_order      timestamptz NOT NULL DEFAULT clock_timestamp(),
    error            jsonb,
    gb_seconds       double precision NOT NULL DEFAULT 0,
    output_rows      bigint,
    output_bytes     bigint,
    correlation_id   text        NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT now(),
    created_by       text        NOT NULL,
    started_at       timestamptz,
    completed_at     timestamptz,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    parent_run_id    uuid,
    part             jsonb,
    part_location    text,
    parts            integer,
    CONSTRAINT scenario_run_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT scenario_run_scenario_fkey FOREIGN KEY (tenant_id, scenario_id) REFERENCES scenario (tenant_id, id),
    CONSTRAINT scenario_run_parent_fkey FOREIGN KEY (tenant_id, parent_run_id) REFERENCES scenario_run (tenant_id, id),
    CONSTRAINT scenario_run_part_check CHECK ((part IS NULL) = (parent_run_id IS NULL)),
    CONSTRAINT scenario_run_parts_check CHECK (parts IS NULL OR (parts > 0 AND parent_run_id IS NULL)),
    CONSTRAINT scenario_run_state_check CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMEOUT')),
    CONSTRAINT scenario_run_priority_check CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'CRITICAL')),
    CONSTRAINT scenario_run_timeout_check CHECK (timeout_minutes BETWEEN 1 AND 1440),
    CONSTRAINT scenario_run_retries_check CHECK (max_retries BETWEEN 0 AND 10),
    CONSTRAINT scenario_run_progress_check CHECK (progress_percent BETWEEN 0 AND 100),
    CONSTRAINT scenario_run_completed_check CHECK ((completed_at IS NOT NULL) = (state IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMEOUT')))
);
COMMENT ON COLUMN scenario_run.part IS 'Of a child: which part of its parent it computes; `index` is the order of merging.';
COMMENT ON COLUMN scenario_run.part_location IS 'Of a child that succeeded: where its result lies.';
COMMENT ON COLUMN scenario_run.parts IS 'Of a parent that was split: how many children it has.';
CREATE UNIQUE INDEX model_run_scenario_hash_unique ON scenario_run (tenant_id, scenario_id, version_hash)
    WHERE state IN ('QUEUED', 'RUNNING', 'SUCCEEDED');
CREATE UNIQUE INDEX model_run_idempotency_key_unique ON scenario_run (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- Ids are UUIDv7: the order of the ids is the order of creation, which is the order of every listing.
CREATE INDEX scenario_run_listing ON scenario_run (tenant_id, scenario_id, id DESC);
CREATE INDEX scenario_run_live ON scenario_run (lease_until) WHERE state = 'RUNNING';
CREATE INDEX scenario_run_claim ON scenario_run (tenant_id, claim_order, id) WHERE state = 'QUEUED';
CREATE INDEX scenario_run_running ON scenario_run (tenant_id) WHERE state = 'RUNNING' AND lease_until IS NOT NULL;
COMMENT ON COLUMN scenario_run.available_at IS 'A queued run is not claimed before this: the backoff between attempts.';
COMMENT ON COLUMN scenario_run.claim_order IS
    'When it was asked for, less ten minutes for each level of priority: the earliest is next, so that the urgent go first and nobody starves.';
SELECT protect_tenant_table('scenario_run');

-- The state machine, held by the database itself: whatever code runs, an illegal move is refused.
CREATE FUNCTION guard_run_state() RETURNS trigger
    LANGUAGE plpgsql AS $$
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
CREATE TRIGGER guard_run_state BEFORE UPDATE OF state ON scenario_run FOR EACH ROW EXECUTE FUNCTION guard_run_state();

CREATE TABLE run_attempt (
    tenant_id     text        NOT NULL,
    run_id        uuid        NOT NULL,
    attempt       integer     NOT NULL,
    fencing_token bigint      NOT NULL,
    worker        text        NOT NULL,
    outcome       text,
    error         jsonb,
    started_at    timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    CONSTRAINT run_attempt_pkey PRIMARY KEY (tenant_id, run_id, attempt),
    CONSTRAINT run_attempt_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES scenario_run (tenant_id, id),
    CONSTRAINT run_attempt_outcome_check CHECK (outcome IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMEOUT', 'LOST'))
);
SELECT protect_tenant_table('run_attempt');

CREATE TABLE scenario_event (
    tenant_id      text        NOT NULL,
    id             uuid        NOT NULL DEFAULT gen_random_uuid(),
    scenario_id    uuid        NOT NULL,
    run_id         uuid,
    event_type     text        NOT NULL,
    actor          text        NOT NULL,
    correlation_id text        NOT NULL DEFAULT '',
    data           jsonb       NOT NULL DEFAULT '{}',
    occurred_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT scenario_event_pkey PRIMARY KEY (tenant_id, scenario_id, occurred_at, id)
);
CREATE INDEX scenario_event_run ON scenario_event (tenant_id, run_id, occurred_at) WHERE run_id IS NOT NULL;
SELECT protect_tenant_table('scenario_event');
SELECT protect_append_only('scenario_event');

-- Outputs ----------------------------------------------------------------------------------------
-- One group commit into the lake. A batch belongs to the platform, not to a tenant; at most one is open.
CREATE TABLE output_batch (
    id           uuid        NOT NULL,
    state        text        NOT NULL DEFAULT 'OPEN',
    lease_owner  text        NOT NULL,
    lease_until  timestamptz NOT NULL,
    file_count   integer     NOT NULL DEFAULT 0,
    snapshot_id  bigint,
    created_at   timestamptz NOT NULL DEFAULT now(),
    committed_at timestamptz,
    CONSTRAINT output_batch_pkey PRIMARY KEY (id),
    CONSTRAINT output_batch_state_check CHECK (state IN ('OPEN', 'COMMITTED'))
);
CREATE UNIQUE INDEX output_batch_one_open ON output_batch ((true)) WHERE state = 'OPEN';
GRANT SELECT, INSERT, UPDATE ON output_batch TO sextant_platform;

-- The descriptor of a run's one data file. The first writer wins; what the others wrote is an orphan.
CREATE TABLE output_file (
    tenant_id     text        NOT NULL,
    run_id        uuid        NOT NULL,
    scenario_id   uuid        NOT NULL,
    fencing_token bigint      NOT NULL,
    state         text        NOT NULL DEFAULT 'WAITING',
    descriptor    jsonb       NOT NULL,
    metrics       jsonb       NOT NULL,
    result        jsonb       NOT NULL,
    batch_id      uuid        REFERENCES output_batch (id),
    row_count     bigint      NOT NULL,
    byte_count    bigint      NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    committed_at  timestamptz,
    CONSTRAINT output_file_pkey PRIMARY KEY (tenant_id, run_id),
    CONSTRAINT output_file_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES scenario_run (tenant_id, id),
    CONSTRAINT output_file_state_check CHECK (state IN ('WAITING', 'ASSIGNED', 'COMMITTED', 'DISCARDED')),
    CONSTRAINT output_file_batch_check CHECK ((batch_id IS NOT NULL) = (state IN ('ASSIGNED', 'COMMITTED')))
);
CREATE INDEX output_file_waiting ON output_file (created_at) WHERE state = 'WAITING';
CREATE INDEX output_file_batch ON output_file (batch_id) WHERE batch_id IS NOT NULL;
SELECT protect_tenant_table('output_file');

CREATE TABLE metric_latest (
    tenant_id   text             NOT NULL,
    scenario_id uuid             NOT NULL,
    metric      text             NOT NULL,
    tags_key    text             NOT NULL,
    tags        jsonb            NOT NULL,
    asof_date   date             NOT NULL,
    value       double precision NOT NULL,
    unit        text             NOT NULL,
    band_lower  double precision,
    band_upper  double precision,
    run_id      uuid             NOT NULL,
    computed_at timestamptz      NOT NULL,
    CONSTRAINT metric_latest_pkey PRIMARY KEY (tenant_id, scenario_id, metric, tags_key)
);
SELECT protect_tenant_table('metric_latest');

-- Raised by every commit and invalidation: caches keyed by it never serve what is stale.
CREATE TABLE output_version (
    tenant_id  text        NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT output_version_pkey PRIMARY KEY (tenant_id)
);
SELECT protect_tenant_table('output_version');
