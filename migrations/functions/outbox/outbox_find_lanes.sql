-- Give each tenant that has pending events but no lane its lane; how many there were. For the schedule: in the
-- ordinary way a lane is made by the tenant's first event.
CREATE OR REPLACE FUNCTION outbox_find_lanes() RETURNS integer
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off
    AS $$
DECLARE
    made integer;
BEGIN
    WITH RECURSIVE tenants AS (
        (SELECT p.tenant_id FROM outbox_pending p ORDER BY p.tenant_id LIMIT 1)
        UNION ALL
        SELECT following.tenant_id FROM tenants t CROSS JOIN LATERAL (
            SELECT p.tenant_id FROM outbox_pending p WHERE p.tenant_id > t.tenant_id ORDER BY p.tenant_id LIMIT 1
        ) AS following
    )
    INSERT INTO outbox_lane (tenant_id)
    SELECT t.tenant_id FROM tenants t
    WHERE NOT EXISTS (SELECT FROM outbox_lane l WHERE l.tenant_id = t.tenant_id) ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_find_lanes() TO sextant_app, sextant_platform;
