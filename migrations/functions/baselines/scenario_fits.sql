-- Whether a baseline surely has all that the assumptions and parameters name: then no run need be refused. False says only
-- that sextant.drivers.references must look: it knows the rules, and a test holds that it has no fault where this is true.
CREATE OR REPLACE FUNCTION scenario_fits(p_assumptions jsonb, p_parameters jsonb, p_vocabulary jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT NOT coalesce(p_parameters -> 'sweep' ?| ARRAY['start_year', 'end_year', 'model'], false)
    AND NOT EXISTS (
        SELECT FROM unnest(ARRAY[p_parameters -> 'start_year', p_parameters -> 'end_year']) year
        WHERE year::integer NOT BETWEEN (p_vocabulary #>> '{years,0}')::integer AND (p_vocabulary #>> '{years,1}')::integer)
    AND NOT EXISTS (
        SELECT FROM jsonb_path_query(p_assumptions, '$.**.fuel') fuel WHERE NOT p_vocabulary -> 'fuels' ? (fuel #>> '{}'))
    AND NOT EXISTS (
        SELECT FROM jsonb_path_query(p_assumptions, '$.**.technology') technology
        WHERE NOT p_vocabulary -> 'technologies' ? (technology #>> '{}')
           OR p_vocabulary #>> ARRAY['technologies', technology #>> '{}', 'units'] = '0')
    AND NOT EXISTS (
        SELECT FROM jsonb_path_query(p_assumptions, '$.**.payload ? (@.action == "RETIRE").unit') unit
        WHERE jsonb_typeof(p_vocabulary -> 'units') = 'object' AND NOT p_vocabulary -> 'units' ? (unit #>> '{}'))
    AND NOT EXISTS (
        SELECT FROM jsonb_path_query(p_assumptions, '$.**.payload ? (@.action == "ADD")') payload
        WHERE p_vocabulary -> 'units' ? (payload ->> 'unit')
           OR (payload ? 'heat_rate'
               AND p_vocabulary #>> ARRAY['technologies', payload ->> 'technology', 'fuel'] IS NOT DISTINCT FROM ''))
    AND NOT EXISTS (
        SELECT FROM jsonb_path_query(p_assumptions, '$.**.build_mix') mix, jsonb_object_keys(mix) technology
        WHERE p_vocabulary #> ARRAY['technologies', technology, 'renewable'] IS DISTINCT FROM 'true')
    AND NOT (
        p_vocabulary -> 'build_mix' = '{}'
        AND jsonb_path_exists(p_assumptions, '$.**.payload ? (@.policy_name == "RPS" && !exists(@.build_mix))'))
$$;
GRANT EXECUTE ON FUNCTION scenario_fits(jsonb,jsonb,jsonb) TO sextant_app, sextant_platform;
