-- What changed of a tenant's runs and incidents, for whoever watches: a row for each change of a state, kept for two days.
-- The transaction says what a reader has seen: rows are committed in another order than their positions.
CREATE TABLE state_change (
    tenant_id      text        NOT NULL,
    position       bigint      GENERATED ALWAYS AS IDENTITY,
    transaction_id xid8        NOT NULL DEFAULT pg_current_xact_id(),
    kind           text        NOT NULL,
    thing_id       uuid        NOT NULL,
    scenario_id    uuid,
    state          text        NOT NULL,
    changed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT state_change_pkey PRIMARY KEY (tenant_id, position),
    CONSTRAINT state_change_kind_check CHECK (kind IN ('run', 'incident'))
);
CREATE INDEX state_change_transaction ON state_change (tenant_id, transaction_id);
CREATE INDEX state_change_changed_at ON state_change (changed_at);
SELECT protect_tenant_table('state_change');
REVOKE UPDATE, DELETE ON state_change FROM sextant_app;
REVOKE UPDATE ON state_change FROM sextant_platform;

-- What it does stands in functions/changes/note_state_change.sql, which is loaded after the migrations.
DO $do$
BEGIN
    EXECUTE 'CREATE FUNCTION note_state_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$';
END
$do$;
-- Parts of a run are no runs to who asked for it.
CREATE TRIGGER note_requested AFTER INSERT ON scenario_run
    FOR EACH ROW WHEN (NEW.parent_run_id IS NULL) EXECUTE FUNCTION note_state_change('run');
CREATE TRIGGER note_state AFTER UPDATE OF state ON scenario_run
    FOR EACH ROW WHEN (NEW.parent_run_id IS NULL AND NEW.state <> OLD.state) EXECUTE FUNCTION note_state_change('run');
CREATE TRIGGER note_opened AFTER INSERT ON incident
    FOR EACH ROW EXECUTE FUNCTION note_state_change('incident');
CREATE TRIGGER note_state AFTER UPDATE OF state ON incident
    FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION note_state_change('incident');

-- Of its own, as a tab that watches spends more waits than one that waits for a run: one for each four seconds.
INSERT INTO setting (tenant_id, kind, name, value, updated_by, reason)
VALUES ('*', 'rate-limit', 'waits.changes', '{"limit": 360, "window_seconds": 60}', 'migration', 'defaults')
ON CONFLICT DO NOTHING;
