-- The first statement of a transaction of one tenant, in the same round trip as the second: names the tenant, and sets
-- what must hold, whatever an earlier statement left in the session or in the role's settings (each role may change its
-- own). Temporary tables are looked for last, so that none stands in a table's place. Nothing here is found by the
-- search path that it mends.
CREATE OR REPLACE FUNCTION begin_session(p_tenant text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('app.current_tenant', p_tenant, true);
    IF pg_catalog.current_setting('search_path') OPERATOR(pg_catalog.<>) 'public, pg_temp' THEN
        PERFORM pg_catalog.set_config('search_path', 'public, pg_temp', true);
    END IF;
    IF current_user OPERATOR(pg_catalog.=) 'sextant_app' THEN
        PERFORM pg_catalog.set_config('statement_timeout', '10s', true),
                pg_catalog.set_config('lock_timeout', '5s', true),
                pg_catalog.set_config('idle_in_transaction_session_timeout', '15s', true);
    END IF;
END
$$;
COMMENT ON FUNCTION begin_session(text) IS
    'Names the tenant and the limits of this transaction. set_config called bare pins a proxied session; inside a function it does not.';
GRANT EXECUTE ON FUNCTION begin_session(text) TO sextant_app, sextant_platform;
