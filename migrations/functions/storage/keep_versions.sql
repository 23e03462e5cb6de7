-- scd2: a row in <table>_version for each version, valid from its change until the next. To be called again when the
-- table's columns change.
CREATE OR REPLACE FUNCTION keep_versions(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    base   text := (SELECT c.relname FROM pg_class c WHERE c.oid = p_table);
    opener text := base || '_open_version';
    keeper text := base || '_keep_version';
    own    text := (SELECT coalesce(string_agg(format(', %I', o.name), ''), '') FROM own_columns(p_table) o);
BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS %L', opener, format($body$
BEGIN
    INSERT INTO %1$I (tenant_id, id, version, valid, deleted_at, changed_by, transaction_id%2$s)
    SELECT tenant_id, id, version, tstzrange(updated_at, NULL), deleted_at, updated_by, (pg_current_xact_id()::text)::bigint%2$s
    FROM created;
    RETURN NULL;
END
$body$, base || '_version', own));
    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS %L', keeper, format($body$
BEGIN
    UPDATE %1$I v SET valid = tstzrange(lower(v.valid), NEW.updated_at)
    WHERE v.tenant_id = OLD.tenant_id AND v.id = OLD.id AND v.version = OLD.version;
    INSERT INTO %1$I (tenant_id, id, version, valid, deleted_at, changed_by, transaction_id%2$s)
    VALUES (NEW.tenant_id, NEW.id, NEW.version, tstzrange(NEW.updated_at, NULL), NEW.deleted_at, NEW.updated_by,
            (pg_current_xact_id()::text)::bigint%3$s);
    RETURN NULL;
END
$body$, base || '_version', own, replace(own, ', ', ', NEW.')));
    EXECUTE format('CREATE OR REPLACE TRIGGER open_version AFTER INSERT ON %s REFERENCING NEW TABLE AS created'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', p_table, opener);
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_version AFTER UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %I()', p_table, keeper);
    EXECUTE format('CREATE OR REPLACE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT'
                   ' WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_forged_version()', base || '_version');
    PERFORM guard_versioned(p_table);
END
$$;
-- For migrations alone.
REVOKE ALL ON FUNCTION keep_versions(regclass) FROM PUBLIC;
