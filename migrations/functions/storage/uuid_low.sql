-- The lower half of a uuid; uuid_high says what the halves are for.
CREATE OR REPLACE FUNCTION uuid_low(p_id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT ('x' || right(replace(p_id::text, '-', ''), 16))::bit(64)::bigint $$;
GRANT EXECUTE ON FUNCTION uuid_low(uuid) TO sextant_app, sextant_platform;
