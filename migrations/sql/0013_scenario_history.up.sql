-- Scenarios become a temporal table: the database itself keeps their versions, whatever statement changes one.

-- The functions that wrote versions by hand go with the type of their answers.
DROP TYPE changed_scenario CASCADE;
DROP FUNCTION IF EXISTS delete_scenario(text, uuid, integer, text, text);
DROP FUNCTION IF EXISTS advance_scenario(scenario, scenario, text, text, text, jsonb);

-- As docs/storage.md has it: an open version is excluded by a unique index, which costs less than the range's index, so
-- that one is written only when a version ends.
ALTER TABLE scenario_version DROP CONSTRAINT scenario_version_no_overlap;
ALTER TABLE scenario_version ADD CONSTRAINT scenario_version_no_overlap EXCLUDE USING gist (
    int8range(uuid_high(id), uuid_high(id), '[]') WITH &&, int8range(uuid_low(id), uuid_low(id), '[]') WITH &&, valid WITH &&
) WHERE (NOT upper_inf(valid));
CREATE UNIQUE INDEX scenario_version_one_open ON scenario_version (tenant_id, id) WHERE upper_inf(valid);

-- The files of functions are loaded after the migrations, and a database made by e3fbc75 still has an own_columns that counts
-- generated columns. keep_versions asks it now.
CREATE OR REPLACE FUNCTION own_columns(p_table regclass) RETURNS TABLE (name name)
    LANGUAGE sql STABLE AS $$
    SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname NOT IN (
        'tenant_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by', 'deleted_at')
    ORDER BY a.attnum
$$;
SELECT keep_versions('scenario');
