DROP TRIGGER kept ON scenario_version;
DROP TRIGGER versioned ON scenario;
DROP TRIGGER keep_version ON scenario;
DROP TRIGGER open_version ON scenario;
DROP FUNCTION scenario_keep_version();
DROP FUNCTION scenario_open_version();

DROP INDEX scenario_version_one_open;
ALTER TABLE scenario_version DROP CONSTRAINT scenario_version_no_overlap;
ALTER TABLE scenario_version ADD CONSTRAINT scenario_version_no_overlap EXCLUDE USING gist (
    int8range(uuid_high(id), uuid_high(id), '[]') WITH &&, int8range(uuid_low(id), uuid_low(id), '[]') WITH &&, valid WITH &&);

CREATE TYPE changed_scenario AS (outcome text, scenario scenario);
