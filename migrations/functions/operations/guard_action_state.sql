-- The states of an action, held by the database itself.
CREATE OR REPLACE FUNCTION guard_action_state() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('SUCCEEDED', 'FAILED', 'SKIPPED') THEN
        RAISE EXCEPTION 'the action is over' USING ERRCODE = 'check_violation', CONSTRAINT = 'action_state_machine', TABLE = 'action';
    END IF;
    IF NEW.state <> OLD.state AND NOT (
           (OLD.state = 'PENDING' AND NEW.state IN ('IN_PROGRESS', 'SKIPPED'))
        OR (OLD.state = 'IN_PROGRESS' AND NEW.state IN ('SUCCEEDED', 'FAILED', 'SKIPPED'))
    ) THEN
        RAISE EXCEPTION 'an action cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'action_state_machine', TABLE = 'action';
    END IF;
    IF (NEW.action_type, NEW.target, NEW.parameters, NEW.incident_id, NEW.decision_id, NEW.reverses_id, NEW.dry_run)
       IS DISTINCT FROM (OLD.action_type, OLD.target, OLD.parameters, OLD.incident_id, OLD.decision_id, OLD.reverses_id, OLD.dry_run) THEN
        RAISE EXCEPTION 'what an action is does not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'action_immutable', TABLE = 'action';
    END IF;
    RETURN NEW;
END
$$;
