-- Take the open batch, or open one over the files that wait and whose time has come. `outcome` is OPENED, RESUMED (a batch whose
-- committer stopped: finish it under its own id), BUSY (its committer lives), LOCKED (somebody looks at all of them: another
-- try finds them a moment later) or EMPTY.
CREATE OR REPLACE FUNCTION open_output_batch(
    p_batch uuid, p_owner text, p_lease interval, p_limit integer, OUT outcome text, OUT batch uuid
) LANGUAGE plpgsql AS $$
DECLARE
    held  output_batch;
    count integer;
BEGIN
    SELECT * INTO held FROM output_batch b WHERE b.state = 'OPEN' FOR UPDATE;
    IF FOUND THEN
        batch := held.id;
        IF held.lease_owner <> p_owner AND held.lease_until >= clock_timestamp() THEN
            outcome := 'BUSY';
            RETURN;
        END IF;
        UPDATE output_batch b SET lease_owner = p_owner, lease_until = clock_timestamp() + p_lease WHERE b.id = held.id;
        outcome := 'RESUMED';
        RETURN;
    END IF;

    IF NOT EXISTS (SELECT FROM output_file f WHERE f.state = 'WAITING' AND f.commit_after <= clock_timestamp()) THEN
        outcome := 'EMPTY';
        RETURN;
    END IF;
    INSERT INTO output_batch (id, lease_owner, lease_until) VALUES (p_batch, p_owner, clock_timestamp() + p_lease)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        outcome := 'BUSY';
        RETURN;
    END IF;

    -- The run's row is locked with the file's: a cancellation comes before the assignment or finds it done.
    WITH waiting AS (
        SELECT f.tenant_id, f.run_id
        FROM output_file f JOIN scenario_run r ON r.tenant_id = f.tenant_id AND r.id = f.run_id
        WHERE f.state = 'WAITING' AND f.commit_after <= clock_timestamp() AND r.state = 'RUNNING'
        ORDER BY f.created_at LIMIT p_limit FOR UPDATE OF f, r SKIP LOCKED
    )
    UPDATE output_file f SET state = 'ASSIGNED', batch_id = p_batch
    FROM waiting w WHERE f.tenant_id = w.tenant_id AND f.run_id = w.run_id AND f.state = 'WAITING';
    GET DIAGNOSTICS count = ROW_COUNT;
    IF count = 0 THEN
        DELETE FROM output_batch b WHERE b.id = p_batch;
        outcome := CASE WHEN EXISTS (
            SELECT FROM output_file f JOIN scenario_run r ON r.tenant_id = f.tenant_id AND r.id = f.run_id
            WHERE f.state = 'WAITING' AND f.commit_after <= clock_timestamp() AND r.state = 'RUNNING'
        ) THEN 'LOCKED' ELSE 'EMPTY' END;
        RETURN;
    END IF;
    UPDATE output_batch b SET file_count = count WHERE b.id = p_batch;
    outcome := 'OPENED';
    batch := p_batch;
END
$$;
GRANT EXECUTE ON FUNCTION open_output_batch(uuid,text,interval,integer) TO sextant_platform;
