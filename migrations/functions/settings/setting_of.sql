-- The value that holds for a tenant: its own, else the platform's; NULL where neither is set. One that cannot be read counts
-- as not set: it must stop nobody, least of all the other tenants whose claims come past it.
CREATE OR REPLACE FUNCTION setting_of(p_tenant text, p_kind text, p_name text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.value FROM setting s
    WHERE s.tenant_id IN (p_tenant, '*') AND s.kind = p_kind AND s.name = p_name AND setting_is_readable(s.kind, s.name, s.value)
    ORDER BY (s.tenant_id = '*') LIMIT 1
$$;
GRANT EXECUTE ON FUNCTION setting_of(text,text,text) TO sextant_app, sextant_platform;
