-- A scenario that was deleted with more runs than one statement may end: the rest is cancelled in batches, which go on by
-- themselves until none is left. `cancelled` says how far they are.
CREATE TABLE run_cancellation (
    tenant_id    text        NOT NULL,
    scenario_id  uuid        NOT NULL,
    actor        text        NOT NULL,
    cancelled    integer     NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT run_cancellation_pkey PRIMARY KEY (tenant_id, scenario_id),
    CONSTRAINT run_cancellation_scenario_fkey FOREIGN KEY (tenant_id, scenario_id) REFERENCES scenario (tenant_id, id)
);
SELECT protect_tenant_table('run_cancellation');
