-- How many of a tenant's runs are in work: held by a worker, not waiting for the commit.
CREATE OR REPLACE FUNCTION runs_in_work(p_tenant text) RETURNS integer
    LANGUAGE sql STABLE AS $$
    SELECT count(*)::integer FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.state = 'RUNNING' AND r.lease_until IS NOT NULL
$$;
GRANT EXECUTE ON FUNCTION runs_in_work(text) TO sextant_app, sextant_platform;
