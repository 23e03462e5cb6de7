-- Take a file that cannot be committed out of its open batch, so that the others go on. It waits `p_wait` for another
-- attempt; after `p_attempts` it is set aside and its run fails with `p_reason`. WAITING, SET_ASIDE, or CLOSED where
-- another committer closed the batch first.
CREATE OR REPLACE FUNCTION refuse_output(p_batch uuid, p_tenant text, p_run uuid, p_reason text, p_attempts integer, p_wait interval) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    attempts integer;
    held     scenario_run;
BEGIN
    PERFORM FROM output_batch b WHERE b.id = p_batch AND b.state = 'OPEN' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'CLOSED';
    END IF;
    UPDATE output_file f SET
        state = 'WAITING', batch_id = NULL, commit_attempts = f.commit_attempts + 1, commit_after = clock_timestamp() + p_wait
    WHERE f.tenant_id = p_tenant AND f.run_id = p_run AND f.batch_id = p_batch AND f.state = 'ASSIGNED'
    RETURNING f.commit_attempts INTO attempts;
    IF NOT FOUND THEN
        RETURN 'CLOSED';
    END IF;
    IF attempts < p_attempts THEN
        RETURN 'WAITING';
    END IF;
    SELECT * INTO held FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run AND r.state = 'RUNNING' FOR UPDATE;
    IF FOUND THEN
        PERFORM end_run(held, 'FAILED', jsonb_build_object('code', 'output_unreadable', 'message',
            format('the result could not be committed in %s attempts: %s', attempts, left(p_reason, 500))), 'committer');
    END IF;
    UPDATE output_file f SET state = 'DISCARDED' WHERE f.tenant_id = p_tenant AND f.run_id = p_run AND f.state = 'WAITING';
    RETURN 'SET_ASIDE';
END
$$;
GRANT EXECUTE ON FUNCTION refuse_output(uuid,text,uuid,text,integer,interval) TO sextant_platform;
