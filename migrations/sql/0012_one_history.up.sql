-- Migrations 0001 to 0010 were edited after databases had been made by them, between the commits e3fbc75 and e3c61a5. This
-- brings a database of either to one schema; where a part is as it should be already, nothing happens.

-- Names are looked for by their folded column (0001_core says why).
ALTER TABLE scenario ADD COLUMN IF NOT EXISTS name_key text NOT NULL GENERATED ALWAYS AS (lower(name)) STORED;
ALTER TABLE workflow ADD COLUMN IF NOT EXISTS name_key text NOT NULL GENERATED ALWAYS AS (lower(name)) STORED;
ALTER TABLE vendor   ADD COLUMN IF NOT EXISTS name_key text NOT NULL GENERATED ALWAYS AS (lower(name)) STORED;
ALTER TABLE baseline ADD COLUMN IF NOT EXISTS name_key text NOT NULL GENERATED ALWAYS AS (lower(name)) STORED;
DROP INDEX IF EXISTS scenario_tags;
DO $$
DECLARE
    folded record;
BEGIN
    FOR folded IN
        SELECT * FROM (VALUES
            ('scenario', 'scenario_tenant_name_unique', '(tenant_id, name_key) WHERE deleted_at IS NULL'),
            ('workflow', 'workflow_tenant_name_unique', '(tenant_id, name_key) WHERE deleted_at IS NULL'),
            ('vendor',   'vendor_tenant_name_unique',   '(tenant_id, name_key) WHERE deleted_at IS NULL'),
            ('baseline', 'baseline_tenant_name_unique', '(tenant_id, name_key, version)')
        ) AS v(of_table, index, terms)
        WHERE pg_get_indexdef(to_regclass(v.index)) LIKE '%lower(name)%'
    LOOP
        EXECUTE format('DROP INDEX %I', folded.index);
        EXECUTE format('CREATE UNIQUE INDEX %I ON %I %s', folded.index, folded.of_table, folded.terms);
    END LOOP;
END
$$;

-- An idempotency key is its source's own.
ALTER TABLE event DROP CONSTRAINT event_idempotency_key_unique;
ALTER TABLE event ADD CONSTRAINT event_idempotency_key_unique UNIQUE (tenant_id, idempotency_key, source);

-- An action says what it waits for, may wait any number of times, and may be reversed again when its reversal did nothing.
ALTER TABLE action ADD COLUMN IF NOT EXISTS waits_for jsonb;
ALTER TABLE action ALTER COLUMN postponed TYPE integer;
COMMENT ON COLUMN action.waits_for IS 'Why it was put off last: a vendor''s breaker, a kill switch. Kept when it goes on.';
ALTER TABLE action DROP CONSTRAINT IF EXISTS action_reversed_once;
CREATE UNIQUE INDEX IF NOT EXISTS action_reversed_once ON action (tenant_id, reverses_id) WHERE state NOT IN ('FAILED', 'SKIPPED');
CREATE INDEX IF NOT EXISTS action_stopped ON action (tenant_id, due_at) WHERE state = 'PENDING' AND waits_for ->> 'reason' = 'kill_switch';
CREATE INDEX IF NOT EXISTS decision_incident ON decision (tenant_id, incident_id, id);
CREATE INDEX IF NOT EXISTS scenario_run_failed ON scenario_run (tenant_id, scenario_id, version_hash) WHERE state IN ('FAILED', 'TIMEOUT');

INSERT INTO setting (tenant_id, kind, name, value, updated_by, reason)
VALUES ('*', 'rate-limit', 'waits', '{"limit": 60, "window_seconds": 60}', 'migration', 'defaults')
ON CONFLICT DO NOTHING;

-- What the last upgrade found when it compared the database with its release. Readiness looks at it.
CREATE TABLE schema_check (
    only_row    boolean     NOT NULL DEFAULT true,
    functions   text        NOT NULL,
    differences text[]      NOT NULL,
    checked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT schema_check_pkey PRIMARY KEY (only_row),
    CONSTRAINT schema_check_only_row_check CHECK (only_row)
);
COMMENT ON COLUMN schema_check.functions IS 'Which SQL functions the release had, as one digest.';
GRANT SELECT ON schema_check, alembic_version TO sextant_app, sextant_platform;
