-- Lease up to `p_limit` events to the holder of `p_token`: of the tenants that follow `p_after`, in rotation, the
-- first of each lane, as many as its batch limit and quota allow.
--
-- `p_floors` ({tenant: position}) may raise a lane's floor beyond what is stored; it must be a true one. A tenant
-- whose relay died twice over it is served one event at a time and with no other tenant's, until the one that kills
-- relays is found: what was only beside it comes through.
--
-- The settings pin the plans: these tables empty and fill, and statistics taken at the wrong moment would
-- otherwise have them scanned whole.
CREATE OR REPLACE FUNCTION outbox_claim(
    p_token uuid, p_limit integer, p_lease interval, p_after text DEFAULT '', p_floors jsonb DEFAULT '{}'
) RETURNS SETOF outbox_claimed
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan SET jit = off
    AS $$
DECLARE
    moment  timestamptz := clock_timestamp();
    tenants text[];
    floors  bigint[];
BEGIN
    PERFORM outbox_promote(p_limit);

    -- As many lanes as it takes to fill the batch, and their locks. Only then does the next statement's snapshot
    -- begin: it sees whatever was done under a lock before.
    SELECT array_agg(c.tenant_id ORDER BY c.turn), array_agg(c.floor ORDER BY c.turn) INTO tenants, floors
    FROM (
        SELECT w.tenant_id, w.floor, min(w.turn) AS turn,
               bool_or(w.suspect) OVER first_to_last AS beside_a_suspect,
               row_number() OVER first_to_last AS rank
        FROM (
            SELECT lane.tenant_id, lane.floor, row_number() OVER () AS turn, head.takeovers >= 2 AS suspect
            FROM (
                (SELECT l.tenant_id, greatest(l.floor, (p_floors ->> l.tenant_id)::bigint) AS floor
                 FROM outbox_lane l WHERE l.tenant_id > p_after ORDER BY l.tenant_id)
                UNION ALL
                (SELECT l.tenant_id, greatest(l.floor, (p_floors ->> l.tenant_id)::bigint) AS floor
                 FROM outbox_lane l WHERE l.tenant_id <= p_after ORDER BY l.tenant_id)
            ) AS lane
            CROSS JOIN LATERAL (
                SELECT p.available_at, p.takeovers FROM outbox_pending p
                WHERE p.tenant_id = lane.tenant_id AND p.position >= lane.floor
                ORDER BY p.position LIMIT 1
            ) AS head
            -- greatest() is `moment` here; naming the head keeps empty lanes from being asked for their quota.
            CROSS JOIN LATERAL outbox_allowance(lane.tenant_id, greatest(moment, head.available_at)) AS allowance
            CROSS JOIN LATERAL (
                SELECT FROM outbox_pending p
                WHERE p.tenant_id = lane.tenant_id AND p.position >= lane.floor
                ORDER BY p.position LIMIT allowance.events
            ) AS ahead
            WHERE head.available_at <= moment
            LIMIT p_limit
        ) AS w
        GROUP BY w.tenant_id, w.floor, w.suspect
        WINDOW first_to_last AS (ORDER BY min(w.turn))
    ) AS c
    WHERE CASE WHEN c.rank = 1 OR NOT c.beside_a_suspect THEN pg_try_advisory_xact_lock(outbox_lane_key(c.tenant_id)) ELSE false END;
    IF tenants IS NULL THEN
        RETURN;
    END IF;

    moment := clock_timestamp();
    RETURN QUERY
    WITH seen AS (
        SELECT lane.turn, allowance.remaining, allowance.backoff, p.*
        FROM unnest(tenants, floors) WITH ORDINALITY AS lane(tenant_id, floor, turn)
        CROSS JOIN LATERAL outbox_allowance(lane.tenant_id, moment) AS allowance
        CROSS JOIN LATERAL (
            SELECT w.tenant_id, w.position, w.event_id, w.attempts, w.takeovers, w.available_at, w.lease_token, w.lease_through, w.replay_id
            FROM outbox_pending w WHERE w.tenant_id = lane.tenant_id AND w.position >= lane.floor
            ORDER BY w.position LIMIT allowance.events
        ) AS p
        LIMIT p_limit
    ), judged AS (
        SELECT s.*, row_number() OVER follow AS rank,
               bool_or(s.available_at > moment) OVER follow AS blocked,
               first_value(s.takeovers) OVER follow AS head_takeovers,
               coalesce(s.position <= max(s.lease_through) OVER follow, false) AS abandoned
        FROM seen s WINDOW follow AS (PARTITION BY s.turn ORDER BY s.position)
    ), chosen AS MATERIALIZED (
        SELECT * FROM judged j WHERE NOT j.blocked AND (j.rank = 1 OR j.head_takeovers < 2)
    ), counted AS MATERIALIZED (
        SELECT c.turn, min(c.tenant_id) AS tenant_id, min(c.position) AS head, max(c.position) AS through,
               count(*)::integer AS events, min(c.remaining) AS remaining, min(c.backoff) AS backoff
        FROM chosen c GROUP BY c.turn
    ), leased AS (
        UPDATE outbox_pending p SET lease_token = p_token, lease_through = n.through, available_at = moment + p_lease,
            takeovers = p.takeovers + (p.lease_token IS NOT NULL)::integer
        FROM counted n WHERE p.tenant_id = n.tenant_id AND p.position = n.head
    ), taken_over AS (
        UPDATE outbox_pending p SET lease_token = NULL, lease_through = NULL, available_at = '-infinity', takeovers = p.takeovers + 1
        FROM chosen c WHERE c.rank > 1 AND c.abandoned AND p.tenant_id = c.tenant_id AND p.position = c.position
    ), used AS (
        INSERT INTO outbox_usage (tenant_id, claimed_at, token, events, paused_until)
        SELECT n.tenant_id, moment, p_token, n.events, CASE WHEN n.events >= n.remaining THEN moment + n.backoff END FROM counted n
    )
    SELECT c.tenant_id, c.position, c.event_id, e.topic, e.dedupe_key, e.payload::text, e.headers::text, e.created_at,
           c.attempts, (c.takeovers + c.abandoned::integer)::smallint, c.replay_id
    FROM chosen c JOIN outbox_event e ON e.tenant_id = c.tenant_id AND e.id = c.event_id
    ORDER BY c.turn, c.position;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_claim(uuid,integer,interval,text,jsonb) TO sextant_platform;
