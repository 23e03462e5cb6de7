-- Say how an admitted call ended; the breaker as it then stands. What was admitted before the breaker last moved, or a
-- probe that was given up, changes nothing.
CREATE OR REPLACE FUNCTION vendor_leave(
    p_tenant text, p_vendor uuid, p_epoch bigint, p_token uuid, p_succeeded boolean, p_actor text, p_reason text, p_correlation_id text
) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    held  vendor_state;
    limit_ integer;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO STRICT held FROM vendor_state s WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor FOR UPDATE;
    IF held.epoch <> p_epoch OR held.probe_token IS DISTINCT FROM p_token THEN
        RETURN held.breaker;
    END IF;
    IF p_token IS NOT NULL AND p_succeeded THEN
        PERFORM move_breaker(p_tenant, p_vendor, false, p_actor, 'the probe succeeded', p_correlation_id);
        RETURN 'CLOSED';
    ELSIF p_token IS NOT NULL THEN
        UPDATE vendor_state s SET breaker = 'OPEN', opened_at = clock_timestamp(), probe_token = NULL, probe_until = NULL, epoch = s.epoch + 1
        WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor;
        RETURN 'OPEN';
    ELSIF p_succeeded THEN
        IF held.failures > 0 THEN
            UPDATE vendor_state s SET failures = 0 WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor;
        END IF;
        RETURN 'CLOSED';
    END IF;
    UPDATE vendor_state s SET failures = s.failures + 1 WHERE s.tenant_id = p_tenant AND s.vendor_id = p_vendor RETURNING * INTO held;
    SELECT v.failure_threshold INTO STRICT limit_ FROM vendor v WHERE v.tenant_id = p_tenant AND v.id = p_vendor;
    IF held.failures >= limit_ THEN
        PERFORM move_breaker(p_tenant, p_vendor, true, p_actor, format('%s failures in a row, the last: %s', held.failures, p_reason), p_correlation_id);
        RETURN 'OPEN';
    END IF;
    RETURN 'CLOSED';
END
$$;
GRANT EXECUTE ON FUNCTION vendor_leave(text,uuid,bigint,uuid,boolean,text,text,text) TO sextant_app, sextant_platform;
