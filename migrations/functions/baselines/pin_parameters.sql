-- The parameter `baseline` names a baseline of the tenant (by name or id, `…@3` for its third version). A run
-- pins id and version, so that its hash and its result do not change when the baseline does. NULL: there is none.
CREATE OR REPLACE FUNCTION pin_parameters(p_tenant text, p_parameters text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    reference text := p_parameters::jsonb ->> 'baseline';
    pinned    baseline;
BEGIN
    IF reference IS NULL THEN
        RETURN p_parameters;
    END IF;
    pinned := baseline_named(p_tenant, reference);
    -- Strict: without a baseline the result is NULL.
    RETURN merge_canonical(p_parameters, '{"baseline":"' || pinned.id || '@' || pinned.version || '"}');
END
$$;
GRANT EXECUTE ON FUNCTION pin_parameters(text,text) TO sextant_app, sextant_platform;
