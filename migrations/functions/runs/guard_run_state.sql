-- The state machine, held by the database itself: whatever code runs, an illegal move is refused.
CREATE OR REPLACE FUNCTION guard_run_state() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (
           (OLD.state = 'QUEUED' AND NEW.state IN ('RUNNING', 'CANCELLED', 'FAILED', 'TIMEOUT'))
        OR (OLD.state = 'RUNNING' AND NEW.state IN ('QUEUED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMEOUT'))
    ) THEN
        RAISE EXCEPTION 'a run cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'scenario_run_state_machine', TABLE = 'scenario_run';
    END IF;
    RETURN NEW;
END
$$;
