-- What the tenant may have claimed at `p_now`: `events` in one batch, `remaining` in the window that ends then
-- (0 while it rests), and how long it rests once that is used up.
CREATE OR REPLACE FUNCTION outbox_allowance(p_tenant text, p_now timestamptz, OUT events integer, OUT remaining integer, OUT backoff interval)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    since timestamptz;
    used  bigint;
    rests timestamptz;
BEGIN
    SELECT coalesce(q.batch_limit, d.batch_limit), coalesce(q.max_events, d.max_events),
           make_interval(secs => coalesce(q.backoff_seconds, d.backoff_seconds)),
           greatest(p_now - make_interval(secs => coalesce(q.window_seconds, d.window_seconds)), q.reset_at)
    INTO events, remaining, backoff, since
    FROM tenant_quota d LEFT JOIN tenant_quota q ON q.tenant_id = p_tenant
    WHERE d.tenant_id = '*';
    SELECT sum(u.events), max(u.paused_until) INTO used, rests
    FROM outbox_usage u WHERE u.tenant_id = p_tenant AND u.claimed_at > since;
    remaining := CASE WHEN rests > p_now THEN 0 ELSE greatest(remaining - coalesce(used, 0), 0) END;
    events := least(events, remaining);
END
$$;
GRANT EXECUTE ON FUNCTION outbox_allowance(text,timestamp with time zone) TO sextant_app, sextant_platform;
