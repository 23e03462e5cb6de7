-- The parameter `baseline` names a baseline of the tenant (by name or id, `…@3` for its third version). A run
-- pins id and version, so that its hash and its result do not change when the baseline does. NULL: there is none.
CREATE OR REPLACE FUNCTION pin_parameters(p_tenant text, p_parameters text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    reference      text := p_parameters::jsonb ->> 'baseline';
    version_number integer;
    pinned         text;
BEGIN
    IF reference IS NULL THEN
        RETURN p_parameters;
    END IF;
    version_number := substring(reference FROM '@([0-9]{1,9})$')::integer;
    reference := regexp_replace(reference, '@[0-9]{1,9}$', '');
    SELECT b.id || '@' || b.version INTO pinned FROM baseline b
    WHERE b.tenant_id = p_tenant AND (b.name_key = lower(reference)
        OR b.id = CASE WHEN lower(reference) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN reference::uuid END)
      AND (version_number IS NULL OR b.version = version_number)
    ORDER BY b.version DESC LIMIT 1;
    -- Strict: without a baseline the result is NULL.
    RETURN merge_canonical(p_parameters, '{"baseline":"' || pinned || '"}');
END
$$;
GRANT EXECUTE ON FUNCTION pin_parameters(text,text) TO sextant_app, sextant_platform;
