-- Every change of a table with versions raises `version` by one and `updated_at`; the table refuses any other.
CREATE OR REPLACE FUNCTION guard_versioned(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER versioned BEFORE UPDATE ON %s FOR EACH ROW'
        ' WHEN (NEW.version <> OLD.version + 1 OR NEW.updated_at <= OLD.updated_at) EXECUTE FUNCTION refuse_unversioned()', p_table);
END
$$;
-- For migrations alone.
REVOKE ALL ON FUNCTION guard_versioned(regclass) FROM PUBLIC;
