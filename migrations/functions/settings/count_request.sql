-- Count one request against one limit, `p_rule` with its terms. A window begins with the first request after the last one
-- ended, so no more than `limit` pass in it however many come at once: the row's lock is the only arbiter. A request that is
-- refused is not counted. The settings' own routes (admin.config) are never limited to nothing, or whoever sets a limit of 0
-- could not take it back.
CREATE OR REPLACE FUNCTION count_request(p_tenant text, p_rules text[], p_rule text, p_terms jsonb) RETURNS admission
    LANGUAGE plpgsql AS $$
DECLARE
    result  admission;
    moment  timestamptz;
    length  interval;
    counter rate_limit_counter;
BEGIN
    result.rule := p_rule;
    result.allowed := (p_terms ->> 'limit')::integer;
    result.daily_cap := (p_terms ->> 'daily_cap')::bigint;
    length := make_interval(secs => (p_terms ->> 'window_seconds')::integer);
    IF 'admin.config' = ANY (p_rules) THEN
        -- Here a limit is changed that was set too low, by a slip or too small for a flood: there is always a way in, counted apart.
        result.rule := 'admin.config';
        result.allowed := greatest(result.allowed, 10);
        result.daily_cap := NULL;
        length := least(length, interval '1 minute');
    END IF;
    LOOP
        SELECT * INTO counter FROM rate_limit_counter c WHERE c.tenant_id = p_tenant AND c.rule = result.rule FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO rate_limit_counter (tenant_id, rule, window_start, used, day, used_today)
        VALUES (p_tenant, result.rule, '-infinity', 0, 'epoch', 0) ON CONFLICT DO NOTHING;
    END LOOP;
    -- After the lock: whoever waited for it must not judge by the time at which it came.
    moment := clock_timestamp();
    IF counter.window_start + length <= moment THEN
        counter.window_start := moment;
        counter.used := 0;
    END IF;
    IF counter.day <> (moment AT TIME ZONE 'UTC')::date THEN
        counter.day := (moment AT TIME ZONE 'UTC')::date;
        counter.used_today := 0;
    END IF;
    result.admitted := counter.used < result.allowed AND counter.used_today < coalesce(result.daily_cap, counter.used_today + 1);
    IF result.admitted THEN
        counter.used := counter.used + 1;
        counter.used_today := counter.used_today + 1;
        UPDATE rate_limit_counter c SET
            window_start = counter.window_start, used = counter.used, day = counter.day, used_today = counter.used_today
        WHERE c.tenant_id = p_tenant AND c.rule = result.rule;
    END IF;
    result.remaining := greatest(0, result.allowed - counter.used);
    result.daily_remaining := greatest(0, result.daily_cap - counter.used_today);
    result.reset_seconds := extract(epoch FROM counter.window_start + length - moment);
    IF NOT result.admitted THEN
        result.retry_after := CASE
            WHEN counter.used_today >= result.daily_cap
            THEN extract(epoch FROM ((counter.day + 1)::timestamp AT TIME ZONE 'UTC') - moment)
            ELSE result.reset_seconds END;
    END IF;
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION count_request(text,text[],text,jsonb) TO sextant_app, sextant_platform;
