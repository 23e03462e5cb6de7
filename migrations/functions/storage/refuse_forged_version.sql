-- The trigger that keep_versions puts on a table's history: only the table's own triggers write it.
CREATE OR REPLACE FUNCTION refuse_forged_version() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written by its table alone', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_kept', TABLE = TG_TABLE_NAME;
END
$$;
