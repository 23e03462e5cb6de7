CREATE OR REPLACE FUNCTION protect_tenant_table(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format('CREATE POLICY tenant_isolation ON %s TO sextant_app '
                   'USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', p_table);
    EXECUTE format('CREATE POLICY platform_access ON %s TO sextant_platform USING (true) WITH CHECK (true)', p_table);
    -- Whoever migrates is the owner and, outside a laptop, no superuser: without this, forced security would
    -- hide every row from the migrations after this one.
    EXECUTE format('CREATE POLICY owner_access ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', p_table);
    -- What may be selected follows from the default privileges.
    EXECUTE format('CREATE POLICY reader_access ON %s FOR SELECT TO sextant_reader USING (true)', p_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO sextant_app, sextant_platform', p_table);
END
$$;
COMMENT ON FUNCTION protect_tenant_table(regclass) IS
    'Forces row-level security on a table with tenant_id: the application sees its tenant, the platform sees all.';
-- For migrations alone.
REVOKE ALL ON FUNCTION protect_tenant_table(regclass) FROM PUBLIC;
