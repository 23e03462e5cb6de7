-- History kept by the database itself: whatever statement changes a record, its past is written beside it.
--
-- A temporal table has tenant_id, id, version, created_at/_by, updated_at/_by, deleted_at and its own columns.
-- Who changes a record raises `version` by one and sets `updated_at` later than it was; the triggers refuse
-- a change that does not. docs/storage.md has the shapes.

-- Whoever is in one tenant cannot step into another: a function that is given a wrong tenant by mistake, and enters
-- it, is refused. The platform's role sees all tenants anyway and may go from one to the next.
CREATE OR REPLACE FUNCTION enter_tenant(p_tenant text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF current_tenant() <> p_tenant AND current_user = 'sextant_app' THEN
        RAISE EXCEPTION 'this transaction belongs to another tenant (row-level security)' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('app.current_tenant', p_tenant, true);
END
$$;

-- Two halves of a uuid. Ranges of bigint, unlike ranges of uuid, know distances, which a GiST index needs to stay
-- selective: among 100,000 versions a look-up by a range of uuid read 232 pages, and closing one version and opening
-- the next took 1.5 ms longer.
CREATE FUNCTION uuid_high(p_id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT ('x' || left(replace(p_id::text, '-', ''), 16))::bit(64)::bigint $$;
CREATE FUNCTION uuid_low(p_id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT ('x' || right(replace(p_id::text, '-', ''), 16))::bit(64)::bigint $$;

-- A temporal table's own columns, in their order; what is generated from them says nothing new.
CREATE FUNCTION own_columns(p_table regclass) RETURNS TABLE (name name)
    LANGUAGE sql STABLE AS $$
    SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname NOT IN (
        'tenant_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by', 'deleted_at')
    ORDER BY a.attnum
$$;

CREATE FUNCTION refuse_unversioned() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a change of % must raise version by one and updated_at', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_versioned', TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION guard_versioned(p_table regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER versioned BEFORE UPDATE ON %s FOR EACH ROW'
        ' WHEN (NEW.version <> OLD.version + 1 OR NEW.updated_at <= OLD.updated_at) EXECUTE FUNCTION refuse_unversioned()', p_table);
END
$$;

-- copy_on_change: a row in <table>_audit for each column of the table's own that changed. To be called again
-- when the table's columns change.
CREATE FUNCTION keep_audit(p_table regclass) RETURNS void
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

CREATE FUNCTION refuse_forged_version() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written by its table alone', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_kept', TABLE = TG_TABLE_NAME;
END
$$;

-- scd2: a row in <table>_version for each version, valid from its change until the next. To be called again when the
-- table's columns change.
CREATE FUNCTION keep_versions(p_table regclass) RETURNS void
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

-- What there is ------------------------------------------------------------------------------------
SELECT keep_audit(t) FROM unnest(ARRAY['tenant', 'workflow', 'vendor']::regclass[]) AS t;

ALTER TABLE scenario_version DROP CONSTRAINT scenario_version_no_overlap;
ALTER TABLE scenario_version ADD CONSTRAINT scenario_version_no_overlap EXCLUDE USING gist (
    int8range(uuid_high(id), uuid_high(id), '[]') WITH &&, int8range(uuid_low(id), uuid_low(id), '[]') WITH &&, valid WITH &&);
