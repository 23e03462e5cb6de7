-- From here on SQL functions are files under migrations/functions. An upgrade loads those whose text has changed.

CREATE TABLE sql_function (
    name       text        NOT NULL,
    digest     text        NOT NULL,
    definition text        NOT NULL,
    loaded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT sql_function_pkey PRIMARY KEY (name)
);
COMMENT ON COLUMN sql_function.digest IS 'SHA-256 of the file that was loaded.';
COMMENT ON COLUMN sql_function.definition IS 'A digest of the function as the database had it then: it differs when somebody has replaced it by hand.';
GRANT SELECT ON sql_function TO sextant_app, sextant_platform;

-- The functions that the migrations before this one made. Those that have no file, because they were renamed, are
-- dropped by the loading. What keep_audit and keep_versions write for their tables stays theirs.
INSERT INTO sql_function (name, digest, definition)
SELECT DISTINCT p.proname, '', '' FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'public'::regnamespace AND l.lanname IN ('sql', 'plpgsql')
  AND p.proname !~ '_(keep_audit|open_version|keep_version)$'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e');
