-- Whoever is in one tenant cannot step into another: a function that is given a wrong tenant by mistake, and enters
-- it, is refused. The platform's role sees all tenants anyway and may go from one to the next.
CREATE OR REPLACE FUNCTION enter_tenant(p_tenant text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF current_tenant() <> p_tenant AND current_user = 'sextant_app' THEN
        RAISE EXCEPTION 'this transaction belongs to another tenant (row-level security)' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('app.current_tenant', p_tenant, true);
END
$$;
COMMENT ON FUNCTION enter_tenant(text) IS
    'Names the tenant of this transaction. set_config called bare pins a proxied session; inside a function it does not.';
GRANT EXECUTE ON FUNCTION enter_tenant(text) TO sextant_app, sextant_platform;
