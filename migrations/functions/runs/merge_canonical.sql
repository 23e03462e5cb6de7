-- Two canonical JSON objects (RFC 8785) merged at the top level into a third as JSON merge patch does it (RFC 7396):
-- `p_over` wins, and what is null in it is taken away. The values' text is kept as it is, so the result is canonical too; keys are ASCII, so their byte order is JCS's order.
CREATE OR REPLACE FUNCTION merge_canonical(p_base text, p_over text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '{' || coalesce(string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY key COLLATE "C"), '') || '}'
    FROM (
        SELECT key, value FROM json_each(p_over::json) WHERE json_typeof(value) <> 'null'
        UNION ALL
        SELECT key, value FROM json_each(p_base::json) WHERE NOT (p_over::jsonb ? key)
    ) AS merged
$$;
GRANT EXECUTE ON FUNCTION merge_canonical(text,text) TO sextant_app, sextant_platform;
