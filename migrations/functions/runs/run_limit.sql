-- How many runs a tenant may have in work at once.
CREATE OR REPLACE FUNCTION run_limit(p_tenant text) RETURNS integer
    LANGUAGE sql STABLE AS $$ SELECT coalesce((setting_of(p_tenant, 'concurrency', 'runs') ->> 'max_running')::integer, 100) $$;
GRANT EXECUTE ON FUNCTION run_limit(text) TO sextant_app, sextant_platform;
