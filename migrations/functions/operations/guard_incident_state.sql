-- The states of an incident, held by the database itself; every move leaves its trace.
CREATE OR REPLACE FUNCTION guard_incident_state() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.state = OLD.state THEN
            RETURN NEW;
        END IF;
        IF NOT (
               (OLD.state = 'NEW' AND NEW.state IN ('ANALYZING', 'IGNORED'))
            OR (OLD.state = 'ANALYZING' AND NEW.state IN ('ACTIONED', 'RESOLVED', 'IGNORED'))
            OR (OLD.state = 'ACTIONED' AND NEW.state IN ('ANALYZING', 'RESOLVED', 'IGNORED'))
            OR (OLD.state IN ('RESOLVED', 'IGNORED') AND NEW.state = 'NEW')
        ) THEN
            RAISE EXCEPTION 'an incident cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_state_machine', TABLE = 'incident';
        END IF;
    ELSIF NEW.state <> 'NEW' THEN
        RAISE EXCEPTION 'an incident begins as NEW'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_state_machine', TABLE = 'incident';
    END IF;
    INSERT INTO incident_transition (tenant_id, id, incident_id, from_state, to_state, actor, reason)
    VALUES (NEW.tenant_id, outbox_event_id(), NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, NEW.updated_by, NEW.state_reason);
    RETURN NEW;
END
$$;
