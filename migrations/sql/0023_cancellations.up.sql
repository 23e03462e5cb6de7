-- A cancellation of more runs than one statement may end goes on by itself, whether a scenario was deleted or a filter asked for
-- it. It stays for a month after its end, so that whoever asked can see what became of it.
ALTER TABLE run_cancellation ADD COLUMN id uuid NOT NULL DEFAULT outbox_event_id();
ALTER TABLE run_cancellation ADD COLUMN deletion boolean NOT NULL DEFAULT true;
ALTER TABLE run_cancellation ADD COLUMN states text[];
ALTER TABLE run_cancellation ADD COLUMN priority text;
ALTER TABLE run_cancellation ADD COLUMN created_after timestamptz;
ALTER TABLE run_cancellation ADD COLUMN created_before timestamptz;
ALTER TABLE run_cancellation ADD COLUMN matching integer;
ALTER TABLE run_cancellation ADD COLUMN completed_at timestamptz;
ALTER TABLE run_cancellation DROP CONSTRAINT run_cancellation_pkey;
ALTER TABLE run_cancellation ADD CONSTRAINT run_cancellation_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE run_cancellation ALTER COLUMN scenario_id DROP NOT NULL;
ALTER TABLE run_cancellation ADD CONSTRAINT run_cancellation_deletion_check CHECK (scenario_id IS NOT NULL OR NOT deletion);
CREATE INDEX run_cancellation_open ON run_cancellation (tenant_id, requested_at) WHERE completed_at IS NULL;
COMMENT ON COLUMN run_cancellation.matching IS 'How many runs fitted when it was asked for; unknown of what was deleted before there was this column.';
