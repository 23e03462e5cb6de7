-- Cancel a run. `outcome` is CANCELLED (now or before), ENDED (it ended otherwise), PUBLISHING (its rows are in
-- an open group commit: too late) or NOT_FOUND. A worker on it loses its fencing token's worth and stops.
CREATE OR REPLACE FUNCTION cancel_run(p_tenant text, p_run uuid, p_actor text) RETURNS cancelled_run
    LANGUAGE plpgsql AS $$
DECLARE
    result cancelled_run;
    held   scenario_run;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO held FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run FOR UPDATE;
    result.run := held;
    IF NOT FOUND THEN
        result.outcome := 'NOT_FOUND';
    ELSIF held.state = 'CANCELLED' THEN
        result.outcome := 'CANCELLED';
    ELSIF held.state NOT IN ('QUEUED', 'RUNNING') THEN
        result.outcome := 'ENDED';
    -- A statement of its own, after the lock: its snapshot sees what an assignment that held the lock did.
    ELSIF EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.run_id = p_run AND f.state = 'ASSIGNED') THEN
        result.outcome := 'PUBLISHING';
    ELSE
        result.run := end_run(held, 'CANCELLED', NULL, p_actor);
        result.outcome := 'CANCELLED';
    END IF;
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION cancel_run(text,uuid,text) TO sextant_app, sextant_platform;
