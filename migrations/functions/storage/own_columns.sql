-- A temporal table's own columns, in their order; what is generated from them says nothing new.
CREATE OR REPLACE FUNCTION own_columns(p_table regclass) RETURNS TABLE (name name)
    LANGUAGE sql STABLE AS $$
    SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname NOT IN (
        'tenant_id', 'id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by', 'deleted_at')
    ORDER BY a.attnum
$$;
-- For migrations alone.
REVOKE ALL ON FUNCTION own_columns(regclass) FROM PUBLIC;
