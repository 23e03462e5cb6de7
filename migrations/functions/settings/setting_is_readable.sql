-- Whether a value has the fields that its readers take, each of the type they take. What they may range over is said in
-- sextant.settings.values; put_setting refuses what is not readable, whoever calls it.
CREATE OR REPLACE FUNCTION setting_is_readable(p_kind text, p_name text, p_value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT NOT EXISTS (
        SELECT FROM (VALUES
            ('flag', NULL, 'enabled', '^(true|false)$', false),
            ('rate-limit', NULL, 'limit', '^[0-9]{1,9}$', false),
            ('rate-limit', NULL, 'window_seconds', '^[0-9]{1,9}$', false),
            ('rate-limit', NULL, 'daily_cap', '^[0-9]{1,15}$', true),
            ('concurrency', 'runs', 'max_running', '^[0-9]{1,9}$', false),
            ('config', 'long-poll', 'seconds', '^[0-9]{1,9}$', false),
            ('config', 'journal', 'enabled', '^(true|false)$', false),
            ('config', 'journal', 'per_minute', '^[0-9]{1,9}$', true)
        ) AS f(kind, setting, name, pattern, optional)
        WHERE f.kind = p_kind AND coalesce(f.setting, p_name) = p_name
          AND NOT coalesce(jsonb_typeof(p_value -> f.name) IN ('number', 'boolean') AND p_value ->> f.name ~ f.pattern, f.optional AND p_value ->> f.name IS NULL)
    )
$$;
GRANT EXECUTE ON FUNCTION setting_is_readable(text,text,jsonb) TO sextant_app, sextant_platform;
