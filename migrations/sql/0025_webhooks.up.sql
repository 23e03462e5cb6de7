-- Endpoints that a tenant wants to be told at. What filters are empty let everything through.
CREATE TABLE webhook (
    tenant_id    text        NOT NULL,
    id           uuid        NOT NULL,
    url          text        NOT NULL,
    description  text        NOT NULL DEFAULT '',
    event_types  text[]      NOT NULL DEFAULT '{}',
    scenario_ids uuid[]      NOT NULL DEFAULT '{}',
    tags         text[]      NOT NULL DEFAULT '{}',
    ordered      boolean     NOT NULL DEFAULT false,
    state        text        NOT NULL DEFAULT 'ENABLED',
    state_reason text        NOT NULL DEFAULT '',
    version      integer     NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by   text        NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by   text        NOT NULL,
    deleted_at   timestamptz,
    CONSTRAINT webhook_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT webhook_url_check CHECK (length(url) BETWEEN 8 AND 2000),
    CONSTRAINT webhook_state_check CHECK (state IN ('ENABLED', 'PAUSED', 'DISABLED'))
);
CREATE INDEX webhook_live ON webhook (tenant_id) WHERE deleted_at IS NULL;
CREATE TABLE webhook_audit (LIKE tenant_audit, CONSTRAINT webhook_audit_pkey PRIMARY KEY (tenant_id, record_id, version, field));

-- Sealed by the deployment's key. The newest signs; one that was rotated out signs beside it until it expires.
CREATE TABLE webhook_secret (
    tenant_id  text        NOT NULL,
    webhook_id uuid        NOT NULL,
    id         uuid        NOT NULL,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    CONSTRAINT webhook_secret_pkey PRIMARY KEY (tenant_id, webhook_id, id),
    CONSTRAINT webhook_secret_webhook_fkey FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook ON DELETE CASCADE
);

-- How an endpoint fares. Its row is the lock under which deliveries are claimed and settled.
CREATE TABLE webhook_state (
    tenant_id     text        NOT NULL,
    webhook_id    uuid        NOT NULL,
    failures      integer     NOT NULL DEFAULT 0,
    failing_since timestamptz,
    quick         boolean     NOT NULL DEFAULT false,
    open_until    timestamptz,
    served_at     timestamptz,
    CONSTRAINT webhook_state_pkey PRIMARY KEY (tenant_id, webhook_id),
    CONSTRAINT webhook_state_webhook_fkey FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook ON DELETE CASCADE
) WITH (fillfactor = 50);
COMMENT ON COLUMN webhook_state.failures IS 'Attempts in a row that failed.';
COMMENT ON COLUMN webhook_state.quick IS 'The last batch went well and fast: several may be on their way at once.';
COMMENT ON COLUMN webhook_state.open_until IS 'The breaker: nothing is sent before.';

CREATE TABLE webhook_event (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    event_type  text        NOT NULL,
    thing_id    uuid        NOT NULL,
    scenario_id uuid,
    body        text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT webhook_event_pkey PRIMARY KEY (tenant_id, id)
);
CREATE INDEX webhook_event_created_at ON webhook_event (created_at);

-- One event for one endpoint. Of one thing the later event has the greater position, as the row of the thing is locked.
CREATE TABLE webhook_delivery (
    tenant_id    text        NOT NULL,
    id           uuid        NOT NULL,
    webhook_id   uuid        NOT NULL,
    event_id     uuid        NOT NULL,
    position     bigint      GENERATED ALWAYS AS IDENTITY,
    event_type   text        NOT NULL,
    state        text        NOT NULL DEFAULT 'PENDING',
    attempts     integer     NOT NULL DEFAULT 0,
    turn         integer     NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    begun_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_token  uuid,
    lease_until  timestamptz,
    status       integer,
    error        text,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at timestamptz,
    CONSTRAINT webhook_delivery_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT webhook_delivery_webhook_fkey FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook ON DELETE CASCADE,
    CONSTRAINT webhook_delivery_event_fkey FOREIGN KEY (tenant_id, event_id) REFERENCES webhook_event ON DELETE CASCADE,
    CONSTRAINT webhook_delivery_state_check CHECK (state IN ('PENDING', 'DELIVERED', 'FAILED', 'CANCELLED'))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX webhook_delivery_pending ON webhook_delivery (tenant_id, webhook_id, position) INCLUDE (due_at) WHERE state = 'PENDING';
CREATE INDEX webhook_delivery_due ON webhook_delivery (tenant_id, webhook_id, due_at) WHERE state = 'PENDING';
CREATE INDEX webhook_delivery_leased ON webhook_delivery (tenant_id, webhook_id, lease_token) WHERE lease_token IS NOT NULL;
CREATE INDEX webhook_delivery_listed ON webhook_delivery (tenant_id, webhook_id, id);
CREATE INDEX webhook_delivery_event ON webhook_delivery (tenant_id, event_id);
COMMENT ON COLUMN webhook_delivery.turn IS 'Attempts since it was last begun: a delivery that is resent begins again.';

CREATE TABLE webhook_attempt (
    tenant_id   text        NOT NULL,
    delivery_id uuid        NOT NULL,
    number      integer     NOT NULL,
    url         text        NOT NULL,
    headers     jsonb       NOT NULL,
    started_at  timestamptz NOT NULL,
    status      integer,
    answer_head jsonb,
    answer_body text,
    error       text,
    timing      jsonb       NOT NULL DEFAULT '{}',
    CONSTRAINT webhook_attempt_pkey PRIMARY KEY (tenant_id, delivery_id, number),
    CONSTRAINT webhook_attempt_delivery_fkey FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_delivery ON DELETE CASCADE
);

SELECT protect_tenant_table(t) FROM unnest(ARRAY['webhook', 'webhook_audit', 'webhook_secret', 'webhook_state', 'webhook_event', 'webhook_delivery', 'webhook_attempt']::regclass[]) AS t;
SELECT protect_append_only('webhook_audit');
SELECT keep_audit('webhook');
-- An endpoint is deleted by its mark, and what was sent is not rewritten; the platform forgets what is old.
REVOKE DELETE ON webhook, webhook_state, webhook_event, webhook_delivery FROM sextant_app;
REVOKE UPDATE ON webhook_secret, webhook_event FROM sextant_platform;
REVOKE UPDATE ON webhook_event FROM sextant_app;
REVOKE INSERT, UPDATE, DELETE ON webhook_attempt FROM sextant_app;
REVOKE UPDATE ON webhook_attempt FROM sextant_platform;

-- What it does stands in functions/webhooks/tell_webhooks.sql, which is loaded after the migrations.
DO $do$
BEGIN
    EXECUTE 'CREATE FUNCTION tell_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$';
END
$do$;
-- Parts of a run are no runs to who asked for it.
CREATE TRIGGER tell_webhooks AFTER UPDATE OF state ON scenario_run FOR EACH ROW
    WHEN (NEW.parent_run_id IS NULL AND NEW.state <> OLD.state AND NEW.state IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMEOUT'))
    EXECUTE FUNCTION tell_webhooks('run');
CREATE TRIGGER tell_webhooks_opened AFTER INSERT ON incident
    FOR EACH ROW EXECUTE FUNCTION tell_webhooks('incident');
CREATE TRIGGER tell_webhooks AFTER UPDATE OF state, escalated_at ON incident FOR EACH ROW
    WHEN ((NEW.state <> OLD.state AND NEW.state IN ('RESOLVED', 'NEW')) OR (NEW.escalated_at IS NOT NULL AND NEW.escalated_at IS DISTINCT FROM OLD.escalated_at))
    EXECUTE FUNCTION tell_webhooks('incident');
