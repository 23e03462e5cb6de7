-- Whether a baseline surely has all that the assumptions and parameters name: then no run need be refused. False says only
-- that sextant.drivers.references must look: it knows the rules, and a test holds that it has no fault where this is true.
CREATE OR REPLACE FUNCTION scenario_fits(p_assumptions jsonb, p_parameters jsonb, p_vocabulary jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT NOT coalesce(p_parameters -> 'sweep' ?| ARRAY['start_year', 'end_year', 'model', 'hourly', 'weather_year'], false)
    AND NOT p_parameters ?| ARRAY['hourly', 'weather_year']
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
           OR NOT p_vocabulary -> 'profiles' ? (payload ->> 'profile')
           OR (payload ? 'heat_rate'
               AND p_vocabulary #>> ARRAY['technologies', payload ->> 'technology', 'fuel'] IS NOT DISTINCT FROM ''))
    AND NOT EXISTS (
        SELECT FROM jsonb_path_query(p_assumptions, '$.**.build_mix') mix, jsonb_object_keys(mix) technology
        WHERE p_vocabulary #> ARRAY['technologies', technology, 'renewable'] IS DISTINCT FROM 'true')
    -- What is small surely ends in time: 8e9 such cells are a minute's work at most, by the constants of sextant.drivers.workload.
    AND coalesce((
        SELECT (p_vocabulary ->> 'hours')::float8
             * ((p_vocabulary #>> '{years,1}')::integer - (p_vocabulary #>> '{years,0}')::integer + 1)
             * (100 + size.units + 1200 * size.storages
                + CASE WHEN size.storages > 1 THEN 16000 * size.storages + 600 * size.storages ^ 3 ELSE 0 END)
             * (CASE WHEN p_parameters -> 'sweep' ? 'draws' THEN 10000 ELSE coalesce((p_parameters ->> 'draws')::integer, 200) END
                + coalesce((p_parameters ->> 'attribution_evaluations')::integer, 256))
             * greatest(jsonb_array_length(p_vocabulary -> 'weather_years'), 1)
             * (1 + (SELECT count(*) FROM jsonb_path_query(p_assumptions, '$.**.conditions')))
             * (SELECT coalesce(exp(sum(ln(greatest(jsonb_array_length(s.value), 1)))), 1) FROM jsonb_each(p_parameters -> 'sweep') s)
        FROM (
            SELECT sum((t.value ->> 'units')::integer) AS units,
                   coalesce(sum((t.value ->> 'units')::integer) FILTER (WHERE (t.value ->> 'storage')::boolean), 0)
                   + (SELECT count(*) FROM jsonb_path_query(p_assumptions, '$.**.storage')) AS storages
            FROM jsonb_each(p_vocabulary -> 'technologies') t) size) < 8e9, true)
    AND NOT (
        p_vocabulary -> 'build_mix' = '{}'
        AND jsonb_path_exists(p_assumptions, '$.**.payload ? (@.policy_name == "RPS" && !exists(@.build_mix))'))
$$;
GRANT EXECUTE ON FUNCTION scenario_fits(jsonb,jsonb,jsonb) TO sextant_app, sextant_platform;
