-- copy_on_change: a row in <table>_audit for each column of the table's own that changed. To be called again
-- when the table's columns change.
CREATE OR REPLACE FUNCTION keep_audit(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    base    text := (SELECT c.relname FROM pg_class c WHERE c.oid = p_table);
    keeper  text := base || '_keep_audit';
    entries text;
BEGIN
    SELECT string_agg(format($entry$
    IF NEW.%1$I IS DISTINCT FROM OLD.%1$I THEN
        INSERT INTO %2$I (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
        VALUES (NEW.tenant_id, NEW.id, NEW.version, %1$L, to_jsonb(OLD.%1$I), to_jsonb(NEW.%1$I),
                NEW.updated_at, NEW.updated_by, (pg_current_xact_id()::text)::bigint);
    END IF;$entry$, c.name, base || '_audit'), '')
    INTO entries FROM (SELECT o.name FROM own_columns(p_table) o UNION ALL SELECT 'deleted_at') c;

    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS %L', keeper, format($body$
BEGIN%s
    RETURN NULL;
END
$body$, entries));
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_audit AFTER UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %I()', p_table, keeper);
    PERFORM guard_versioned(p_table);
END
$$;
-- For migrations alone.
REVOKE ALL ON FUNCTION keep_audit(regclass) FROM PUBLIC;
