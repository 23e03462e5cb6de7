-- Where the outbox of one lane's tenant stands: what waits now, and what was published since `p_since`. No row where there is
-- nothing to tell.
CREATE OR REPLACE FUNCTION outbox_lane_figure(p_lane outbox_lane, p_since timestamptz) RETURNS SETOF outbox_figure
    LANGUAGE sql STABLE AS $$
    SELECT f.* FROM (
        SELECT p_lane.tenant_id, waiting.pending, waiting.leased,
               (SELECT count(*) FROM outbox_delayed d WHERE d.tenant_id = p_lane.tenant_id) AS delayed,
               (SELECT count(*) FROM outbox_dead d WHERE d.tenant_id = p_lane.tenant_id) AS dead,
               (SELECT e.created_at FROM outbox_event e WHERE e.tenant_id = p_lane.tenant_id AND e.id = head.event_id) AS oldest_pending_at,
               sent.published, sent.last_published_at, sent.claimed_in_window,
               (outbox_allowance(p_lane.tenant_id, clock_timestamp())).remaining AS allowance
        FROM (SELECT) AS one
        LEFT JOIN LATERAL (
            SELECT p.event_id, CASE WHEN p.available_at > clock_timestamp() THEN p.lease_through END AS leased_through
            FROM outbox_pending p WHERE p.tenant_id = p_lane.tenant_id AND p.position >= p_lane.floor ORDER BY p.position LIMIT 1
        ) AS head ON true
        CROSS JOIN LATERAL (
            SELECT count(*) AS pending, count(*) FILTER (WHERE p.position <= head.leased_through) AS leased
            FROM outbox_pending p WHERE p.tenant_id = p_lane.tenant_id AND p.position >= p_lane.floor
        ) AS waiting
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(cardinality(u.event_ids)), 0)::bigint AS published, max(u.published_at) AS last_published_at,
                   (SELECT coalesce(sum(c.events), 0)::bigint FROM outbox_usage c
                    WHERE c.tenant_id = p_lane.tenant_id AND c.claimed_at > clock_timestamp() - interval '60 seconds') AS claimed_in_window
            FROM outbox_publication u WHERE u.tenant_id = p_lane.tenant_id AND u.published_at >= p_since
        ) AS sent
    ) AS f
    WHERE f.pending + f.delayed + f.dead + f.published > 0
$$;
GRANT EXECUTE ON FUNCTION outbox_lane_figure(outbox_lane,timestamp with time zone) TO sextant_app, sextant_platform;
