-- Put a run into another state by hand. Only moves that a worker cannot contradict: a live run may be ended, a
-- running one sent back to the queue. `outcome` is CHANGED, UNCHANGED, ILLEGAL, PUBLISHING or NOT_FOUND.
CREATE OR REPLACE FUNCTION set_run_state(p_tenant text, p_run uuid, p_state text, p_reason text, p_actor text) RETURNS cancelled_run
    LANGUAGE plpgsql AS $$
DECLARE
    result cancelled_run;
    held   scenario_run;
    reason jsonb := jsonb_build_object('code', 'set_by_hand', 'message', p_reason);
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO held FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run FOR UPDATE;
    result.run := held;
    IF NOT FOUND THEN
        result.outcome := 'NOT_FOUND';
    ELSIF held.state = p_state THEN
        result.outcome := 'UNCHANGED';
    ELSIF held.state NOT IN ('QUEUED', 'RUNNING') OR p_state IN ('RUNNING', 'SUCCEEDED') THEN
        result.outcome := 'ILLEGAL';
    ELSIF EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.run_id = p_run AND f.state = 'ASSIGNED') THEN
        result.outcome := 'PUBLISHING';
    ELSIF p_state = 'QUEUED' THEN
        UPDATE output_file f SET state = 'DISCARDED' WHERE f.tenant_id = p_tenant AND f.run_id = p_run AND f.state = 'WAITING';
        result.run := requeue_run(held, reason, 'LOST', NULL, p_actor);
        result.outcome := 'CHANGED';
    ELSE
        result.run := end_run(held, p_state, reason, p_actor);
        result.outcome := 'CHANGED';
    END IF;
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION set_run_state(text,uuid,text,text,text) TO sextant_app, sextant_platform;
