-- The moment at which something that must wait now can be claimed: a lane that backs off, a lease that may
-- expire, a delayed event, a tenant at its quota. NULL when nothing waits.
CREATE OR REPLACE FUNCTION outbox_next_due() RETURNS timestamptz
    LANGUAGE sql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
    AS $$
    SELECT least(
        (SELECT min(d.retry_at) FROM outbox_delayed d),
        (SELECT min(CASE WHEN head.available_at > clock_timestamp() THEN head.available_at
                         WHEN (outbox_allowance(l.tenant_id, clock_timestamp())).remaining > 0 THEN clock_timestamp()
                         ELSE rest.until END)
         FROM outbox_lane l
         CROSS JOIN LATERAL (
             SELECT p.available_at FROM outbox_pending p WHERE p.tenant_id = l.tenant_id AND p.position >= l.floor
             ORDER BY p.position LIMIT 1
         ) AS head
         CROSS JOIN LATERAL (
             SELECT greatest(max(u.paused_until), min(u.claimed_at) + make_interval(secs => coalesce(q.window_seconds, d.window_seconds))) AS until
             FROM tenant_quota d LEFT JOIN tenant_quota q ON q.tenant_id = l.tenant_id
             LEFT JOIN outbox_usage u ON u.tenant_id = l.tenant_id AND u.claimed_at > greatest(
                 clock_timestamp() - make_interval(secs => coalesce(q.window_seconds, d.window_seconds)), q.reset_at)
             WHERE d.tenant_id = '*'
             GROUP BY q.window_seconds, d.window_seconds
         ) AS rest))
$$;
GRANT EXECUTE ON FUNCTION outbox_next_due() TO sextant_platform;
