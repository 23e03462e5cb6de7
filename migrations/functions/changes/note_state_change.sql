-- Keep that the state of a run, an incident or an export changed; the trigger says which of them it is on. The row lock of the
-- thing is held until the commit, so the positions of its changes are in the order in which they hold.
CREATE OR REPLACE FUNCTION note_state_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[0] = 'incident' THEN
        INSERT INTO state_change (tenant_id, kind, thing_id, state) VALUES (NEW.tenant_id, 'incident', NEW.id, NEW.state);
    ELSE
        INSERT INTO state_change (tenant_id, kind, thing_id, scenario_id, state)
        VALUES (NEW.tenant_id, TG_ARGV[0], NEW.id, NEW.scenario_id, NEW.state);
    END IF;
    RETURN NULL;
END
$$;
