CREATE OR REPLACE FUNCTION outbox_lane_key(p_tenant text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT hashtextextended(p_tenant, 7390113) $$;
COMMENT ON FUNCTION outbox_lane_key(text) IS 'The advisory lock of a lane. Two lanes that share one only wait for each other.';
GRANT EXECUTE ON FUNCTION outbox_lane_key(text) TO sextant_platform;
