-- Where each tenant's outbox stands (of one tenant, with `p_tenant`): what waits now, and what was published
-- since `p_since`. Only tenants that have something to tell.
CREATE OR REPLACE FUNCTION outbox_statistics(p_since timestamptz, p_tenant text DEFAULT NULL) RETURNS SETOF outbox_figure
    LANGUAGE sql STABLE AS $$
    SELECT f.* FROM outbox_lane l CROSS JOIN LATERAL outbox_lane_figure(l, p_since) AS f
    WHERE l.tenant_id = coalesce(p_tenant, l.tenant_id)
$$;
GRANT EXECUTE ON FUNCTION outbox_statistics(timestamp with time zone,text) TO sextant_app, sextant_platform;
