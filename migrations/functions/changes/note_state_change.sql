-- Keep that a run's or an incident's state changed; the trigger says which of the two it is on. The row lock of the thing is
-- held until the commit, so the positions of its changes are in the order in which they hold.
CREATE OR REPLACE FUNCTION note_state_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[0] = 'run' THEN
        INSERT INTO state_change (tenant_id, kind, thing_id, scenario_id, state)
        VALUES (NEW.tenant_id, 'run', NEW.id, NEW.scenario_id, NEW.state);
    ELSE
        INSERT INTO state_change (tenant_id, kind, thing_id, state) VALUES (NEW.tenant_id, TG_ARGV[0], NEW.id, NEW.state);
    END IF;
    RETURN NULL;
END
$$;
