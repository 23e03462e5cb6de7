-- Take a run to work on. A message is a ticket: the run it names has been asked for, but which one is taken
-- with it is decided here, so that priority, fairness and limits hold on every bus and however late it comes.
-- No tenant lacks tickets for the room it has: one that waits gets one when it is asked for, and whenever a run of its
-- tenant leaves its place (wake_next_run) or more may start than before (wake_runs).
--
-- `outcome` is CLAIMED, or, when nothing is to be had: BUSY (a worker holds the run of the message, or its output
-- waits for the commit), DONE (it ended), WAITING (it is queued, but its tenant is at its limit or it
-- backs off), HELD (nothing of its tenant may start just now) or UNKNOWN. Each claim raises the fencing token, and with it the
-- attempt, but for the merge of a run's parts, which belongs to the attempt that divided it.
CREATE OR REPLACE FUNCTION claim_run(p_tenant text, p_run uuid, p_worker text, p_lease interval) RETURNS claimed_run
    LANGUAGE plpgsql AS $$
DECLARE
    result claimed_run;
    asked  scenario_run;
    held   scenario_run;
    merges boolean;
    ended  integer := 0;
    passed text[] := '{}';
BEGIN
    -- One claim at a time: what is next must not change while it is taken. Released by the commit. A row, as an
    -- advisory lock could be held by whoever may sign in.
    PERFORM FROM claim_turn FOR UPDATE;
    SELECT * INTO asked FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run FOR UPDATE;
    IF NOT FOUND THEN
        -- No run of ours ever asked for this: it is no ticket.
        result.outcome := 'UNKNOWN';
        RETURN result;
    END IF;
    IF asked.state = 'RUNNING' AND asked.lease_until < clock_timestamp()
       AND NOT EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.run_id = p_run)
       AND asked.attempt <= asked.max_retries AND run_admission(p_tenant) IS NULL THEN
        -- The message came again because its worker died.
        held := asked;
    ELSE
        LOOP
            held := next_run(p_tenant, passed);
            EXIT WHEN held.id IS NULL;
            -- It may have been cancelled just now: then there may be another.
            SELECT * INTO held FROM scenario_run r
            WHERE r.tenant_id = held.tenant_id AND r.id = held.id AND r.state = 'QUEUED' FOR UPDATE;
            CONTINUE WHEN NOT FOUND;
            EXIT WHEN NOT EXISTS (
                SELECT FROM scenario s WHERE s.tenant_id = held.tenant_id AND s.id = held.scenario_id AND s.deleted_at IS NOT NULL)
                AND NOT EXISTS (
                SELECT FROM run_cancellation c WHERE c.tenant_id = held.tenant_id AND cancellation_covers(c, held));
            -- It is of so many that they are cancelled bit by bit: with their scenario, or by a filter. A claim does a bit of
            -- it, and then goes on without this tenant, whose other runs stand behind them.
            PERFORM end_run(held, 'CANCELLED', NULL, 'cancellation');
            -- Counted, but where the recovery is at it just now: no claim waits for that, as all others wait for this one.
            UPDATE run_cancellation c SET cancelled = c.cancelled + 1
            FROM (SELECT o.tenant_id, o.id FROM run_cancellation o WHERE o.tenant_id = held.tenant_id AND cancellation_covers(o, held)
                  ORDER BY o.requested_at LIMIT 1 FOR UPDATE SKIP LOCKED) AS covering
            WHERE c.tenant_id = covering.tenant_id AND c.id = covering.id;
            ended := ended + 1;
            IF ended % 20 = 0 THEN
                passed := passed || held.tenant_id;
            END IF;
        END LOOP;
    END IF;
    IF held.id IS NULL THEN
        result.run := asked;
        result.outcome := CASE
            WHEN asked.state = 'QUEUED' AND run_admission(p_tenant) IS NOT NULL THEN 'HELD'
            WHEN asked.state = 'QUEUED' THEN 'WAITING'
            WHEN asked.state = 'RUNNING' THEN 'BUSY'
            ELSE 'DONE' END;
        RETURN result;
    END IF;

    merges := held.state = 'QUEUED' AND held.parts IS NOT NULL AND EXISTS (
        SELECT FROM run_attempt a
        WHERE a.tenant_id = held.tenant_id AND a.run_id = held.id AND a.attempt = held.attempt AND a.outcome IS NULL);
    UPDATE run_attempt a SET outcome = 'LOST', ended_at = clock_timestamp()
    WHERE a.tenant_id = held.tenant_id AND a.run_id = held.id AND a.outcome IS NULL AND NOT merges;
    UPDATE scenario_run r SET
        state = 'RUNNING', attempt = r.attempt + (NOT merges)::integer, fencing_token = r.fencing_token + 1, error = NULL,
        progress_percent = CASE WHEN r.parts IS NULL THEN 0 ELSE r.progress_percent END,
        lease_until = clock_timestamp() + p_lease, started_at = coalesce(r.started_at, clock_timestamp()), updated_at = clock_timestamp()
    WHERE r.tenant_id = held.tenant_id AND r.id = held.id
    RETURNING * INTO held;
    result.run := held;
    INSERT INTO run_attempt (tenant_id, run_id, attempt, fencing_token, worker, started_at)
    VALUES (held.tenant_id, held.id, held.attempt, held.fencing_token, p_worker, clock_timestamp())
    ON CONFLICT (tenant_id, run_id, attempt) DO UPDATE SET fencing_token = excluded.fencing_token, worker = excluded.worker;
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (held.tenant_id, held.scenario_id, held.id, 'RUN_STARTED', p_worker, held.correlation_id,
            jsonb_build_object('attempt', held.attempt, 'fencing_token', held.fencing_token));
    SELECT v.assumptions INTO result.assumptions FROM scenario_version v
    WHERE v.tenant_id = held.tenant_id AND v.id = held.scenario_id AND v.version = held.scenario_version;
    result.outcome := 'CLAIMED';
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION claim_run(text,uuid,text,interval) TO sextant_platform;
