-- Change a setting and write the audit, in one statement. `p_value` NULL removes it, so that the platform's holds again.
-- More room for runs wakes those that waited for it. Returns the value that was there.
CREATE OR REPLACE FUNCTION put_setting(p_tenant text, p_kind text, p_name text, p_value jsonb, p_actor text, p_reason text, p_audit uuid) RETURNS jsonb
    LANGUAGE plpgsql AS $$
DECLARE
    previous jsonb;
BEGIN
    SELECT s.value INTO previous FROM setting s WHERE s.tenant_id = p_tenant AND s.kind = p_kind AND s.name = p_name FOR UPDATE;
    IF p_value IS NULL THEN
        DELETE FROM setting s WHERE s.tenant_id = p_tenant AND s.kind = p_kind AND s.name = p_name;
    ELSE
        INSERT INTO setting AS s (tenant_id, kind, name, value, updated_by, reason)
        VALUES (p_tenant, p_kind, p_name, p_value, p_actor, p_reason)
        ON CONFLICT (tenant_id, kind, name) DO UPDATE SET
            value = EXCLUDED.value, updated_by = EXCLUDED.updated_by, reason = EXCLUDED.reason, updated_at = clock_timestamp();
    END IF;
    INSERT INTO config_audit (tenant_id, id, kind, name, before, after, actor, reason)
    VALUES (p_tenant, p_audit, p_kind, p_name, previous, p_value, p_actor, p_reason);
    IF p_kind = 'concurrency' AND p_tenant <> '*' THEN
        PERFORM wake_runs(p_tenant, p_audit::text);
    END IF;
    RETURN previous;
END
$$;
