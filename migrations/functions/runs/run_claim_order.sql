-- Where a run stands in the line: each level of priority is worth ten minutes of waiting.
CREATE OR REPLACE FUNCTION run_claim_order(p_priority text, p_since timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p_since - interval '10 minutes' * (array_position(ARRAY['LOW', 'NORMAL', 'HIGH', 'CRITICAL'], p_priority) - 1)
$$;
GRANT EXECUTE ON FUNCTION run_claim_order(text,timestamp with time zone) TO sextant_app, sextant_platform;
