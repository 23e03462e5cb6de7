-- Keep what became of a batch, under the endpoint's lock. `p_results` has one object for each delivery: id, outcome (DELIVERED, RETRY,
-- FAILED, GONE, UNSENT), delay (seconds until it is due again), and of what was sent the attempt. What the token no longer holds is left alone.
--
-- The third failure in a row opens the breaker for `p_pause`, each after it for twice as long, up to five minutes; `p_hold` is
-- how long the endpoint itself asks to be left alone. What has failed for `p_patience` without a success, or answers 410, is
-- disabled, which is told as an incident. The answer is the endpoint's state.
CREATE OR REPLACE FUNCTION webhook_settle(
    p_tenant text, p_webhook uuid, p_token uuid, p_results jsonb, p_quick boolean, p_pause interval, p_hold interval, p_patience interval
) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    held      webhook_state;
    result    record;
    settled   record;
    succeeded boolean := false;
    failed    integer := 0;
    gone      boolean := false;
    moment    timestamptz := clock_timestamp();
    endpoint  text;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO STRICT held FROM webhook_state s WHERE s.tenant_id = p_tenant AND s.webhook_id = p_webhook FOR UPDATE;
    SELECT h.state INTO STRICT endpoint FROM webhook h WHERE h.tenant_id = p_tenant AND h.id = p_webhook;
    FOR result IN
        SELECT * FROM jsonb_to_recordset(p_results) AS r (
            id uuid, outcome text, delay double precision, url text, headers jsonb, started_at timestamptz, status integer,
            answer_head jsonb, answer_body text, error text, timing jsonb)
    LOOP
        UPDATE webhook_delivery d SET
            lease_token = NULL, lease_until = NULL,
            attempts = d.attempts + (result.outcome <> 'UNSENT')::integer, turn = d.turn + (result.outcome <> 'UNSENT')::integer,
            state = CASE WHEN result.outcome = 'DELIVERED' THEN 'DELIVERED'
                         WHEN endpoint = 'DISABLED' THEN 'CANCELLED'
                         WHEN result.outcome IN ('FAILED', 'GONE') THEN 'FAILED' ELSE 'PENDING' END,
            completed_at = CASE WHEN result.outcome IN ('DELIVERED', 'FAILED', 'GONE') OR endpoint = 'DISABLED' THEN moment END,
            due_at = CASE WHEN result.outcome IN ('RETRY', 'UNSENT') THEN moment + make_interval(secs => result.delay) ELSE d.due_at END,
            status = CASE WHEN result.outcome = 'UNSENT' THEN d.status ELSE result.status END,
            error = CASE WHEN result.outcome = 'UNSENT' THEN d.error ELSE result.error END
        WHERE d.tenant_id = p_tenant AND d.id = result.id AND d.lease_token = p_token
        RETURNING d.attempts INTO settled;
        IF NOT FOUND OR result.outcome = 'UNSENT' THEN
            CONTINUE;
        END IF;
        INSERT INTO webhook_attempt (tenant_id, delivery_id, number, url, headers, started_at, status, answer_head, answer_body, error, timing)
        VALUES (p_tenant, result.id, settled.attempts, result.url, result.headers, result.started_at, result.status,
                result.answer_head, result.answer_body, result.error, coalesce(result.timing, '{}'));
        succeeded := succeeded OR result.outcome = 'DELIVERED';
        failed := failed + (result.outcome <> 'DELIVERED')::integer;
        gone := gone OR result.outcome = 'GONE';
    END LOOP;
    IF succeeded OR failed > 0 THEN
        UPDATE webhook_state s SET
            failures = CASE WHEN failed = 0 THEN 0 WHEN succeeded THEN 1 ELSE s.failures + failed END,
            failing_since = CASE WHEN failed = 0 THEN NULL WHEN succeeded THEN moment ELSE coalesce(s.failing_since, moment) END,
            quick = p_quick AND failed = 0,
            open_until = CASE WHEN failed = 0 THEN NULL ELSE moment + greatest(p_hold, CASE
                WHEN succeeded OR s.failures + failed < 3 THEN interval '0'
                ELSE least(p_pause * power(2, least(s.failures + failed - 3, 10)), interval '5 minutes') END) END
        WHERE s.tenant_id = p_tenant AND s.webhook_id = p_webhook RETURNING * INTO held;
    END IF;
    IF endpoint <> 'DISABLED' AND (gone OR held.failing_since <= moment - p_patience) THEN
        PERFORM disable_webhook(p_tenant, p_webhook, CASE WHEN gone THEN 'it answered 410 Gone'
            ELSE format('nothing was delivered since %s', to_char(held.failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) END);
        RETURN 'DISABLED';
    END IF;
    RETURN endpoint;
END
$$;
GRANT EXECUTE ON FUNCTION webhook_settle(text,uuid,uuid,jsonb,boolean,interval,interval,interval) TO sextant_platform;
