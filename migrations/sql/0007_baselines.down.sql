CREATE OR REPLACE FUNCTION pin_parameters(p_tenant text, p_parameters text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$ SELECT p_parameters $$;
DROP TABLE baseline;
