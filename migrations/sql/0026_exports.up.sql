-- Files of outputs that were too large for an answer: whose they are, who makes them and how that stands. The files lie beside the
-- table and go after a day; a row goes a day after them.
CREATE TABLE export (
    tenant_id    text        NOT NULL,
    id           uuid        NOT NULL,
    scenario_id  uuid        NOT NULL,
    format       text        NOT NULL,
    snapshot_id  bigint      NOT NULL,
    state        text        NOT NULL,
    attempt      integer     NOT NULL DEFAULT 1,
    query_id     text,
    submitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at timestamptz,
    CONSTRAINT export_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT export_state_check CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    CONSTRAINT export_completed_check CHECK ((state IN ('QUEUED', 'RUNNING')) = (completed_at IS NULL))
);
COMMENT ON COLUMN export.query_id IS 'Athena''s name of the query that makes it; null where the API made it itself.';
CREATE INDEX export_under_way ON export (submitted_at) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX export_submitted_at ON export (submitted_at);
SELECT protect_tenant_table('export');
REVOKE DELETE ON export FROM sextant_app;
REVOKE INSERT ON export FROM sextant_platform;

-- An export that is made again comes into its first state again.
ALTER TABLE state_change DROP CONSTRAINT state_change_kind_check;
ALTER TABLE state_change ADD CONSTRAINT state_change_kind_check CHECK (kind IN ('run', 'incident', 'export'));
CREATE TRIGGER note_begun AFTER INSERT ON export
    FOR EACH ROW EXECUTE FUNCTION note_state_change('export');
CREATE TRIGGER note_state AFTER UPDATE OF state ON export
    FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION note_state_change('export');
