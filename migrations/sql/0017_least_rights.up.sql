-- The application's roles execute the functions that are granted to them, by name, in each function's file, and no
-- others; they make no large objects and no temporary tables; and the claims take turns by a row that only the
-- platform's role may lock.

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = current_user::regrole
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function);
    END LOOP;
    -- RDS keeps the catalogue's functions for itself: there docs/security.md says what is left.
    FOR function IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ '^(lo_.*|loread|lowrite)$'
          AND pg_has_role(current_user, p.proowner, 'USAGE')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function);
    END LOOP;
    IF (SELECT pg_has_role(current_user, d.datdba, 'USAGE') FROM pg_database d WHERE d.datname = current_database()) THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
END
$$;

-- An advisory lock may be taken, and held, by every role that may sign in.
CREATE TABLE claim_turn (
    only_row boolean NOT NULL DEFAULT true,
    CONSTRAINT claim_turn_pkey PRIMARY KEY (only_row),
    CONSTRAINT claim_turn_only_row CHECK (only_row)
);
COMMENT ON TABLE claim_turn IS 'Whose row a claim of a run locks, so that one claim at a time decides what is next.';
INSERT INTO claim_turn DEFAULT VALUES;
GRANT SELECT, UPDATE ON claim_turn TO sextant_platform;
