CREATE OR REPLACE FUNCTION protect_append_only(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM sextant_app, sextant_platform', p_table);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION refuse_change()', p_table);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', p_table);
END
$$;
COMMENT ON FUNCTION protect_append_only(regclass) IS 'Makes a table insert-only, by grant and by trigger.';
-- For migrations alone.
REVOKE ALL ON FUNCTION protect_append_only(regclass) FROM PUBLIC;
