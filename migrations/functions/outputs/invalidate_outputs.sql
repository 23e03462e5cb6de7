-- Make every cache of the tenant's outputs stale, and announce it.
CREATE OR REPLACE FUNCTION invalidate_outputs(p_tenant text, p_reason text) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    raised bigint;
BEGIN
    INSERT INTO output_version AS v (tenant_id) VALUES (p_tenant)
    ON CONFLICT (tenant_id) DO UPDATE SET version = v.version + 1, updated_at = clock_timestamp()
    RETURNING v.version INTO raised;
    PERFORM outbox_enqueue(
        p_tenant, 'outputs.invalidated', format('outputs:%s:%s', p_tenant, raised),
        jsonb_build_object('tenant_id', p_tenant, 'output_version', raised, 'reason', p_reason), '{}'::jsonb,
        p_refusable => false);
    RETURN raised;
END
$$;
GRANT EXECUTE ON FUNCTION invalidate_outputs(text,text) TO sextant_app, sextant_platform;
