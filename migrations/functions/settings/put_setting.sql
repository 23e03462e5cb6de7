-- Change a setting and write the audit, in one statement. `p_value` NULL removes it, so that the platform's holds again.
-- More room for runs wakes those that waited for it. Returns the value that was there.
--
-- What who manages tenants set (`p_by_platform`) only they change: else the constraint `setting_by_platform` is violated.
CREATE OR REPLACE FUNCTION put_setting(p_tenant text, p_kind text, p_name text, p_value jsonb, p_actor text, p_reason text, p_audit uuid, p_by_platform boolean DEFAULT true) RETURNS jsonb
    LANGUAGE plpgsql AS $$
DECLARE
    previous jsonb;
    platforms boolean;
BEGIN
    SELECT s.value, s.by_platform INTO previous, platforms FROM setting s WHERE s.tenant_id = p_tenant AND s.kind = p_kind AND s.name = p_name FOR UPDATE;
    IF platforms AND NOT p_by_platform THEN
        RAISE EXCEPTION 'who manages tenants set it' USING ERRCODE = 'check_violation', CONSTRAINT = 'setting_by_platform', TABLE = 'setting';
    END IF;
    IF p_value IS NOT NULL AND NOT setting_is_readable(p_kind, p_name, p_value) THEN
        RAISE EXCEPTION 'the value of %/% cannot be read: %', p_kind, p_name, p_value
            USING ERRCODE = 'check_violation', CONSTRAINT = 'setting_value_readable', TABLE = 'setting';
    END IF;
    IF p_value IS NULL THEN
        DELETE FROM setting s WHERE s.tenant_id = p_tenant AND s.kind = p_kind AND s.name = p_name;
    ELSE
        INSERT INTO setting AS s (tenant_id, kind, name, value, updated_by, reason, by_platform)
        VALUES (p_tenant, p_kind, p_name, p_value, p_actor, p_reason, p_by_platform)
        ON CONFLICT (tenant_id, kind, name) DO UPDATE SET
            value = EXCLUDED.value, updated_by = EXCLUDED.updated_by, reason = EXCLUDED.reason, by_platform = EXCLUDED.by_platform,
            updated_at = clock_timestamp();
    END IF;
    INSERT INTO config_audit (tenant_id, id, kind, name, before, after, actor, reason)
    VALUES (p_tenant, p_audit, p_kind, p_name, previous, p_value, p_actor, p_reason);
    IF p_kind = 'concurrency' AND p_tenant = '*' THEN
        PERFORM resume_runs(p_tenant);
    ELSIF p_kind = 'concurrency' THEN
        PERFORM wake_runs(p_tenant, p_audit::text);
    END IF;
    RETURN previous;
END
$$;
GRANT EXECUTE ON FUNCTION put_setting(text,text,text,jsonb,text,text,uuid,boolean) TO sextant_app, sextant_platform;
