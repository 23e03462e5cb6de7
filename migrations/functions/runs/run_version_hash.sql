-- sha256 over the canonical JSON of all that decides a run's result, and of nothing else.
-- sextant.runs.hashing.version_hash is the same in Python; a test holds them together.
CREATE OR REPLACE FUNCTION run_version_hash(
    p_tenant text, p_scenario uuid, p_scenario_version integer, p_assumptions text, p_parameters text,
    p_environment text, p_code_version text, p_seed bigint
) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to(
        '{"assumptions":' || p_assumptions
        || ',"code_version":' || to_json(p_code_version)::text
        || ',"environment":' || to_json(p_environment)::text
        || ',"parameters":' || p_parameters
        || ',"scenario_id":"' || p_scenario::text
        || '","scenario_version":' || p_scenario_version::text
        || ',"seed":' || p_seed::text
        || ',"tenant_id":' || to_json(p_tenant)::text
        || '}', 'UTF8')), 'hex')
$$;
GRANT EXECUTE ON FUNCTION run_version_hash(text,uuid,integer,text,text,text,text,bigint) TO sextant_app, sextant_platform;
