-- A role that reads every table and every tenant's rows and changes nothing: the cluster's owner, as whom people look
-- (docs/runbooks), is a member of it. It cannot be a member of the role that migrates: RDS refuses a password to every
-- member of rds_iam, also through another role. It may exist already, as the application's roles may.
DO $$
DECLARE
    tenant_table regclass;
BEGIN
    BEGIN
        CREATE ROLE sextant_reader NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    -- After a way back past the functions of files, tables may have it already.
    FOR tenant_table IN
        SELECT p.polrelid FROM pg_policy p WHERE p.polname = 'platform_access'
          AND NOT EXISTS (SELECT FROM pg_policy r WHERE r.polrelid = p.polrelid AND r.polname = 'reader_access')
    LOOP
        EXECUTE format('CREATE POLICY reader_access ON %s FOR SELECT TO sextant_reader USING (true)', tenant_table);
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA public TO sextant_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO sextant_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO sextant_reader;

-- The migrations after this one call it; its file says what it is today.
CREATE OR REPLACE FUNCTION protect_tenant_table(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format('CREATE POLICY tenant_isolation ON %s TO sextant_app '
                   'USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', p_table);
    EXECUTE format('CREATE POLICY platform_access ON %s TO sextant_platform USING (true) WITH CHECK (true)', p_table);
    EXECUTE format('CREATE POLICY owner_access ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', p_table);
    EXECUTE format('CREATE POLICY reader_access ON %s FOR SELECT TO sextant_reader USING (true)', p_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO sextant_app, sextant_platform', p_table);
END
$$;
