-- The signature of an explicit fingerprint; sextant.operations.incidents.signature.of_fingerprint is the same in Python.
CREATE OR REPLACE FUNCTION fingerprint_signature(p_tenant text, p_fingerprint text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to('1' || E'\n' || p_tenant || E'\n' || 'fingerprint' || E'\n' || p_fingerprint, 'UTF8')), 'hex')
$$;
GRANT EXECUTE ON FUNCTION fingerprint_signature(text,text) TO sextant_app, sextant_platform;
