-- A comparison as it was answered once, kept as its own bytes: no snapshot of the lake need be there any more. Deleted, it leaves its row.
CREATE TABLE report (
    tenant_id       text        NOT NULL,
    id              uuid        NOT NULL,
    title           text        NOT NULL,
    notes           text        NOT NULL DEFAULT '',
    baseline_run_id uuid        NOT NULL,
    run_ids         uuid[]      NOT NULL,
    snapshot_id     text        NOT NULL,
    size            integer     NOT NULL,
    sha256          text        NOT NULL,
    content         bytea,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by      text        NOT NULL,
    deleted_at      timestamptz,
    deleted_by      text,
    CONSTRAINT report_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT report_content_check CHECK ((content IS NULL) = (deleted_at IS NOT NULL) AND length(content) <= 2000000)
);
CREATE INDEX report_live ON report (tenant_id, id) WHERE deleted_at IS NULL;
COMMENT ON COLUMN report.content IS 'The JSON document, compressed by gzip; its size and digest are of the document itself.';

-- What opens a report without a token. Of the key only its digest is kept.
CREATE TABLE report_link (
    tenant_id  text        NOT NULL,
    id         uuid        NOT NULL,
    report_id  uuid        NOT NULL,
    digest     bytea       NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text        NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    CONSTRAINT report_link_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT report_link_report_fkey FOREIGN KEY (tenant_id, report_id) REFERENCES report,
    CONSTRAINT report_link_digest_check CHECK (length(digest) = 32)
);
CREATE INDEX report_link_report ON report_link (tenant_id, report_id, id);

SELECT protect_tenant_table(t) FROM unnest(ARRAY['report', 'report_link']::regclass[]) AS t;
-- What was frozen is never written again, and who froze, shared, revoked and deleted stays.
REVOKE DELETE ON report, report_link FROM sextant_app, sextant_platform;
REVOKE UPDATE ON report, report_link FROM sextant_app, sextant_platform;
GRANT UPDATE (content, deleted_at, deleted_by) ON report TO sextant_app;
GRANT UPDATE (revoked_at, revoked_by) ON report_link TO sextant_app;

-- What it does stands in functions/reports/keep_report.sql, which is loaded after the migrations.
DO $do$
BEGIN
    EXECUTE 'CREATE FUNCTION keep_report() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$';
END
$do$;
CREATE TRIGGER keep_report BEFORE UPDATE ON report FOR EACH ROW EXECUTE FUNCTION keep_report();

INSERT INTO setting (tenant_id, kind, name, value, updated_by, reason)
VALUES ('*', 'rate-limit', 'shared-report', '{"limit": 120, "window_seconds": 60}', 'migration', 'defaults')
ON CONFLICT DO NOTHING;
