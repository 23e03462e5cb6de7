-- The parameter `baseline` names a baseline of the tenant (by name or id, `…@3` for its third version). A run
-- pins id and version, so that its hash and its result do not change when the baseline does. NULL: there is none.
CREATE OR REPLACE FUNCTION pin_parameters(p_tenant text, p_parameters text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    asked  text := p_parameters::jsonb ->> 'baseline';
    wanted integer;
    pinned text;
BEGIN
    IF asked IS NULL THEN
        RETURN p_parameters;
    END IF;
    wanted := substring(asked FROM '@([0-9]{1,9})$')::integer;
    asked := regexp_replace(asked, '@[0-9]{1,9}$', '');
    SELECT b.id || '@' || b.version INTO pinned FROM baseline b
    WHERE b.tenant_id = p_tenant AND (b.name_key = lower(asked)
        OR b.id = CASE WHEN lower(asked) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN asked::uuid END)
      AND (wanted IS NULL OR b.version = wanted)
    ORDER BY b.version DESC LIMIT 1;
    -- Strict: without a baseline the result is NULL.
    RETURN merge_canonical(p_parameters, '{"baseline":"' || pinned || '"}');
END
$$;
