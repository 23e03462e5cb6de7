-- Ask for several runs of one scenario in one transaction; the answers in the order asked.
CREATE OR REPLACE FUNCTION request_runs(
    p_tenant text, p_scenario uuid, p_items jsonb, p_actor text, p_correlation_id text, p_traceparent text
) RETURNS SETOF requested_run
    LANGUAGE plpgsql AS $$
DECLARE
    item jsonb;
BEGIN
    FOR item IN SELECT value FROM jsonb_array_elements(p_items) LOOP
        RETURN NEXT request_run(
            p_tenant, (item ->> 'run')::uuid, p_scenario, item ->> 'parameters', item ->> 'code_version', item ->> 'environment',
            (item ->> 'seed')::bigint, item ->> 'priority', (item ->> 'timeout_minutes')::integer,
            (item ->> 'max_retries')::integer, item ->> 'idempotency_key', item ->> 'request_hash', p_actor, p_correlation_id,
            p_traceparent);
    END LOOP;
END
$$;
