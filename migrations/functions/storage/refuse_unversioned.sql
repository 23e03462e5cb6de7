-- The trigger of guard_versioned.
CREATE OR REPLACE FUNCTION refuse_unversioned() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a change of % must raise version by one and updated_at', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_versioned', TABLE = TG_TABLE_NAME;
END
$$;
