-- The tenant's baseline of a name or id, `…@3` for its third version and the newest without, of those that were not deleted;
-- NULL: there is none.
CREATE OR REPLACE FUNCTION baseline_named(p_tenant text, p_reference text) RETURNS baseline
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    version_number integer := substring(p_reference FROM '@([0-9]{1,9})$')::integer;
    reference      text := lower(regexp_replace(p_reference, '@[0-9]{1,9}$', ''));
    result         baseline;
BEGIN
    SELECT * INTO result FROM baseline b
    WHERE b.tenant_id = p_tenant AND (b.name_key = reference
        OR b.id = CASE WHEN reference ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN reference::uuid END)
      AND (version_number IS NULL OR b.version = version_number)
      AND NOT EXISTS (
          SELECT FROM baseline_deletion d WHERE d.tenant_id = b.tenant_id AND d.baseline_id = b.id AND d.version >= b.version)
    ORDER BY b.version DESC LIMIT 1;
    RETURN result;
END
$$;
GRANT EXECUTE ON FUNCTION baseline_named(text,text) TO sextant_app, sextant_platform;
