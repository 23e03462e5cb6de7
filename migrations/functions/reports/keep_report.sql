-- A report's document goes with its deletion and changes in no other way.
CREATE OR REPLACE FUNCTION keep_report() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.deleted_at IS NOT NULL OR NEW.content IS NOT NULL THEN
        RAISE EXCEPTION 'a report is frozen' USING ERRCODE = 'integrity_constraint_violation',
            CONSTRAINT = 'report_frozen', TABLE = 'report';
    END IF;
    RETURN NEW;
END
$$;
