-- Look after the runs that nobody holds: an expired lease goes back to the queue or, out of attempts, fails;
-- a run past its time ends as TIMEOUT; a queued run whose message has not come for `p_silence` is asked for
-- again. Returns how many of each. Any number may run at once; each run is taken by one.
CREATE OR REPLACE FUNCTION recover_runs(p_silence interval, p_limit integer)
    RETURNS TABLE (requeued integer, failed integer, timed_out integer, asked_again integer)
    LANGUAGE plpgsql AS $$
DECLARE
    held scenario_run;
BEGIN
    requeued := 0; failed := 0; timed_out := 0; asked_again := 0;
    FOR held IN
        SELECT r.* FROM scenario_run r
        WHERE r.state = 'RUNNING' AND r.lease_until < clock_timestamp()
        ORDER BY r.lease_until LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        IF end_overdue_run(held) THEN
            timed_out := timed_out + 1;
        ELSIF held.attempt <= held.max_retries THEN
            PERFORM requeue_run(held, jsonb_build_object('code', 'worker_lost', 'message',
                format('the worker of attempt %s stopped answering', held.attempt)), 'LOST', NULL, 'recovery');
            requeued := requeued + 1;
        ELSE
            PERFORM end_run(held, 'FAILED', jsonb_build_object('code', 'worker_lost', 'poison', true, 'message',
                format('the worker stopped answering in each of %s attempts', held.attempt)), 'recovery');
            failed := failed + 1;
        END IF;
    END LOOP;
    FOR held IN
        SELECT r.* FROM scenario_run r
        WHERE r.state = 'QUEUED' AND r.updated_at < clock_timestamp() - p_silence
        ORDER BY r.updated_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE scenario_run r SET updated_at = clock_timestamp() WHERE r.tenant_id = held.tenant_id AND r.id = held.id;
        PERFORM outbox_enqueue(
            held.tenant_id, 'run.requested', format('run:%s:%s:%s', held.id, held.fencing_token, extract(epoch FROM clock_timestamp())::bigint),
            jsonb_build_object('run_id', held.id, 'tenant_id', held.tenant_id, 'scenario_id', held.scenario_id),
            jsonb_build_object('correlation-id', held.correlation_id), p_refusable => false);
        asked_again := asked_again + 1;
    END LOOP;
    RETURN NEXT;
END
$$;
GRANT EXECUTE ON FUNCTION recover_runs(interval,integer) TO sextant_platform;
