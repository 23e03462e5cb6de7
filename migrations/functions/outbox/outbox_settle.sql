-- Say what became of a claim, of all its events at once. `p_outcomes`:
--   sent      the broker has it
--   untried   the relay did not get to it: as before
--   released  the broker could not take it just now: its lane waits, longer each time, and keeps its order
--   refused   the broker refuses this event: it makes way for the others and is tried again later, at the end of
--             the lane; refused `p_max_attempts` times it is dead
--   dead      give it up now
-- Only the tenants whose head still carries `p_token` are touched; the events of the others count as lost.
CREATE OR REPLACE FUNCTION outbox_settle(
    p_token uuid, p_tenants text[], p_positions bigint[], p_outcomes text[], p_errors text[],
    p_max_attempts integer, p_base interval, p_cap interval, p_lane_base interval, p_lane_cap interval
) RETURNS outbox_settled
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan SET jit = off
    AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    result outbox_settled;
BEGIN
    -- In one order, so that two settlements cannot wait for each other; a claim never waits.
    PERFORM pg_advisory_xact_lock(lane.key)
    FROM (SELECT DISTINCT outbox_lane_key(tenant) AS key FROM unnest(p_tenants) AS tenant ORDER BY key) AS lane;

    WITH claimed AS MATERIALIZED (
        SELECT * FROM unnest(p_tenants, p_positions, p_outcomes, p_errors) AS c(tenant_id, "position", outcome, error)
    ), held AS MATERIALIZED (
        SELECT p.tenant_id FROM (SELECT c.tenant_id, min(c.position) AS "position" FROM claimed c GROUP BY c.tenant_id) AS head
        JOIN outbox_pending p ON p.tenant_id = head.tenant_id AND p.position = head.position
        WHERE p.lease_token = p_token
    ), mine AS MATERIALIZED (
        SELECT c.* FROM held h JOIN claimed c ON c.tenant_id = h.tenant_id
    ), gone AS (
        DELETE FROM outbox_pending p USING mine m
        WHERE p.tenant_id = m.tenant_id AND p.position = m.position AND m.outcome NOT IN ('released', 'untried')
        RETURNING p.tenant_id, p.position, p.event_id, least(p.attempts + 1, 30000) AS attempts, p.refusals + 1 AS refusals, p.replay_id,
                  m.outcome, coalesce(m.error, '') AS error
    ), stays AS MATERIALIZED (
        SELECT m.*, bool_or(m.outcome = 'released') OVER lane AS waits, row_number() OVER (lane ORDER BY m.position) AS rank
        FROM mine m WHERE m.outcome IN ('released', 'untried') WINDOW lane AS (PARTITION BY m.tenant_id)
    ), kept AS (
        UPDATE outbox_pending p SET
            attempts = least(p.attempts + (m.outcome = 'released')::integer, 30000),
            lease_token = NULL, lease_through = NULL,
            available_at = CASE WHEN m.rank = 1 AND m.waits THEN moment + least(p_lane_base * 2 ^ least(p.attempts, 20), p_lane_cap) ELSE '-infinity' END
        FROM stays m
        WHERE p.tenant_id = m.tenant_id AND p.position = m.position AND (m.rank = 1 OR m.outcome = 'released')
    ), sent AS (
        INSERT INTO outbox_publication (tenant_id, published_at, token, event_ids)
        SELECT g.tenant_id, moment, p_token, array_agg(g.event_id ORDER BY g.position) FROM gone g WHERE g.outcome = 'sent' GROUP BY g.tenant_id
    ), delayed AS (
        INSERT INTO outbox_delayed (tenant_id, event_id, retry_at, attempts, refusals, last_error, replay_id)
        SELECT g.tenant_id, g.event_id, moment + least(p_base * 2 ^ least(g.refusals - 1, 20), p_cap), g.attempts, g.refusals, g.error, g.replay_id
        FROM gone g WHERE g.outcome = 'refused' AND g.refusals < p_max_attempts
        ON CONFLICT DO NOTHING
        RETURNING 1
    ), dead AS (
        INSERT INTO outbox_dead (tenant_id, event_id, failed_at, attempts, last_error)
        SELECT g.tenant_id, g.event_id, moment, g.attempts, g.error
        FROM gone g WHERE g.outcome = 'dead' OR (g.outcome = 'refused' AND g.refusals >= p_max_attempts)
        ON CONFLICT (tenant_id, event_id) DO UPDATE SET failed_at = excluded.failed_at, attempts = excluded.attempts, last_error = excluded.last_error
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone g WHERE g.outcome = 'sent'),
           (SELECT count(*) FROM stays),
           (SELECT count(*) FROM delayed), (SELECT count(*) FROM dead),
           (SELECT count(*) FROM claimed) - (SELECT count(*) FROM mine)
    INTO result;
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_settle(uuid,text[],bigint[],text[],text[],integer,interval,interval,interval,interval) TO sextant_platform;
