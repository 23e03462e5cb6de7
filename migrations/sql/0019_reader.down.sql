-- The role stays: it belongs to the cluster and other databases may use it.
DO $$
DECLARE
    tenant_table regclass;
BEGIN
    FOR tenant_table IN SELECT polrelid FROM pg_policy WHERE polname = 'reader_access' LOOP
        EXECUTE format('DROP POLICY reader_access ON %s', tenant_table);
    END LOOP;
END
$$;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM sextant_reader;
REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM sextant_reader;
REVOKE USAGE ON SCHEMA public FROM sextant_reader;
CREATE OR REPLACE FUNCTION protect_tenant_table(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format('CREATE POLICY tenant_isolation ON %s TO sextant_app '
                   'USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', p_table);
    EXECUTE format('CREATE POLICY platform_access ON %s TO sextant_platform USING (true) WITH CHECK (true)', p_table);
    EXECUTE format('CREATE POLICY owner_access ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', p_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO sextant_app, sextant_platform', p_table);
END
$$;
