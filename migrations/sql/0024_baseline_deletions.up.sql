-- Baselines that were deleted, up to a version: a run that pinned one computes on, as the row and its tables stay. What is
-- stored under the name later is a new version of it, and stands.
CREATE TABLE baseline_deletion (
    tenant_id   text        NOT NULL,
    baseline_id uuid        NOT NULL,
    version     integer     NOT NULL,
    deleted_at  timestamptz NOT NULL DEFAULT now(),
    deleted_by  text        NOT NULL,
    CONSTRAINT baseline_deletion_pkey PRIMARY KEY (tenant_id, baseline_id, version),
    CONSTRAINT baseline_deletion_baseline_fkey FOREIGN KEY (tenant_id, baseline_id, version) REFERENCES baseline
);
SELECT protect_tenant_table('baseline_deletion');
SELECT protect_append_only('baseline_deletion');

-- An incident's timeline is in the order in which things happened.
CREATE INDEX event_incident_time ON event (tenant_id, incident_id, received_at, id) WHERE incident_id IS NOT NULL;
