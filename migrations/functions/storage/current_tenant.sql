-- After a local set_config the setting reads '' outside the transaction, not NULL.
CREATE OR REPLACE FUNCTION current_tenant() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT nullif(current_setting('app.current_tenant', true), '') $$;
GRANT EXECUTE ON FUNCTION current_tenant() TO sextant_app, sextant_platform;
