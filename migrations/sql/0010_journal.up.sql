-- The journal: run requests that were accepted while the database was away, and what became of them.

-- A row is written in the transaction that carries a request out, so that the request is carried out once. A new
-- run has the receipt's id; one that was there before keeps its own. `error` says why there is no run.
CREATE TABLE run_receipt (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    scenario_id uuid        NOT NULL,
    run_id      uuid,
    error       jsonb,
    accepted_at timestamptz NOT NULL,
    accepted_by text        NOT NULL,
    settled_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT run_receipt_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT run_receipt_outcome_check CHECK (num_nonnulls(run_id, error) = 1)
);
SELECT protect_tenant_table('run_receipt');
REVOKE INSERT, UPDATE, DELETE ON run_receipt FROM sextant_app;
REVOKE DELETE ON run_receipt FROM sextant_platform;

-- The latest changes of the tenants' switches, which are copied to where they can be read without the database.
CREATE INDEX config_audit_journal ON config_audit (tenant_id, occurred_at) WHERE kind = 'config' AND name = 'journal';
