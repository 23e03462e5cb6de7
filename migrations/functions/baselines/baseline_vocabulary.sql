-- What scenarios on the baseline may name, as sextant.drivers.vocabulary reads it. Of one that was stored before this was
-- kept, what its summary tells; the rest is null, and found by the worker.
CREATE OR REPLACE FUNCTION baseline_vocabulary(p_baseline baseline) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(p_baseline.vocabulary, jsonb_build_object(
        'years', p_baseline.summary -> 'years',
        'fuels', p_baseline.summary -> 'fuels',
        'technologies', (
            SELECT coalesce(jsonb_object_agg(c.key, jsonb_build_object(
                'units', NULL, 'capacity_mw', c.value, 'fuel', NULL, 'renewable', NULL)), '{}')
            FROM jsonb_each(p_baseline.summary -> 'capacity_mw') c),
        'units', NULL, 'profiles', NULL, 'build_mix', NULL
    )) || jsonb_build_object('name', p_baseline.name, 'version', p_baseline.version::text)
$$;
GRANT EXECUTE ON FUNCTION baseline_vocabulary(baseline) TO sextant_app, sextant_platform;
