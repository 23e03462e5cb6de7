-- Ask to call a vendor. `outcome` is ADMITTED, PROBE (the one call that tries whether the vendor is back), OPEN,
-- RATE_LIMITED, KILL_SWITCH or UNKNOWN. The lock on the vendor's row makes the probe one and the limit exact.
-- `p_patience` is how long a probe may go unheard of before another one is admitted.
CREATE OR REPLACE FUNCTION vendor_enter(p_tenant text, p_vendor text, p_patience interval) RETURNS vendor_admission
    LANGUAGE plpgsql AS $$
DECLARE
    result vendor_admission;
    owner  vendor;
    held   vendor_state;
    moment timestamptz;
    second bigint;
    used   bigint;
    oldest bigint;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO owner FROM vendor v WHERE v.tenant_id = p_tenant AND v.name_key = lower(p_vendor) AND v.deleted_at IS NULL;
    IF NOT FOUND THEN
        result.outcome := 'UNKNOWN';
        RETURN result;
    END IF;
    result.vendor_id := owner.id;
    result.reason := kill_switch_over(p_tenant, NULL, owner.id);
    IF result.reason IS NOT NULL THEN
        result.outcome := 'KILL_SWITCH';
        RETURN result;
    END IF;
    SELECT * INTO held FROM vendor_state s WHERE s.tenant_id = p_tenant AND s.vendor_id = owner.id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO vendor_state (tenant_id, vendor_id) VALUES (p_tenant, owner.id) ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT held FROM vendor_state s WHERE s.tenant_id = p_tenant AND s.vendor_id = owner.id FOR UPDATE;
    END IF;
    moment := clock_timestamp();
    result.epoch := held.epoch;
    result.outcome := 'ADMITTED';
    IF held.breaker <> 'CLOSED' THEN
        result.wait_seconds := extract(epoch FROM greatest(
            held.opened_at + make_interval(secs => owner.reset_seconds), coalesce(held.probe_until, '-infinity')) - moment);
        IF result.wait_seconds > 0 THEN
            result.outcome := 'OPEN';
            RETURN result;
        END IF;
        result.outcome := 'PROBE';
        result.token := gen_random_uuid();
    END IF;
    IF owner.rate_per_minute IS NOT NULL THEN
        second := floor(extract(epoch FROM moment));
        -- What is older than 60 seconds leaves the ring; a clock that steps back counts into the newest second.
        second := greatest(second, held.calls_until);
        FOR past IN greatest(held.calls_until + 1, second - 60)..second LOOP
            held.calls[past % 61 + 1] := 0;
        END LOOP;
        SELECT sum(c) INTO used FROM unnest(held.calls) AS c;
        IF used >= owner.rate_per_minute THEN
            SELECT min(s) INTO oldest FROM generate_series(second - 60, second) AS s WHERE held.calls[s % 61 + 1] > 0;
            result.outcome := 'RATE_LIMITED';
            result.token := NULL;
            result.wait_seconds := greatest(0.05, oldest + 61 - extract(epoch FROM moment));
            RETURN result;
        END IF;
        held.calls[second % 61 + 1] := held.calls[second % 61 + 1] + 1;
    END IF;
    IF owner.rate_per_minute IS NOT NULL OR result.token IS NOT NULL THEN
        UPDATE vendor_state s SET
            calls = held.calls, calls_until = coalesce(second, s.calls_until),
            breaker = CASE WHEN result.token IS NOT NULL THEN 'HALF_OPEN' ELSE s.breaker END,
            probe_token = coalesce(result.token, s.probe_token),
            probe_until = CASE WHEN result.token IS NOT NULL THEN moment + p_patience ELSE s.probe_until END
        WHERE s.tenant_id = p_tenant AND s.vendor_id = owner.id;
    END IF;
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION vendor_enter(text,text,interval) TO sextant_app, sextant_platform;
