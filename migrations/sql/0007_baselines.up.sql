-- Tenants' own baselines: a row a version, never changed; the tables lie in object storage under `location`.
CREATE TABLE baseline (
    tenant_id  text        NOT NULL,
    id         uuid        NOT NULL,
    version    integer     NOT NULL,
    name       text        NOT NULL,
    location   text        NOT NULL,
    digest     text        NOT NULL,
    options    jsonb       NOT NULL,
    summary    jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text        NOT NULL,
    name_key   text        NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
    CONSTRAINT baseline_pkey PRIMARY KEY (tenant_id, id, version),
    CONSTRAINT baseline_version_check CHECK (version >= 1),
    CONSTRAINT baseline_name_check CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$')
);
CREATE UNIQUE INDEX baseline_tenant_name_unique ON baseline (tenant_id, name_key, version);
SELECT protect_tenant_table('baseline');
SELECT protect_append_only('baseline');

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
