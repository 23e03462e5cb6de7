-- The switch that stops this, as a JSON object, or NULL. `p_workflow` and `p_vendor` may be NULL.
CREATE OR REPLACE FUNCTION kill_switch_over(p_tenant text, p_workflow uuid, p_vendor uuid) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    held   kill_switch;
    global boolean := false;
BEGIN
    FOR held IN
        SELECT * FROM kill_switch k
        WHERE (k.tenant_id = '*' AND k.scope = 'GLOBAL')
           OR (k.tenant_id = p_tenant AND k.active AND (
                  k.scope = 'TENANT'
               OR (k.scope = 'WORKFLOW' AND k.target = p_workflow::text)
               OR (k.scope = 'VENDOR' AND k.target = p_vendor::text)))
        ORDER BY k.tenant_id
    LOOP
        global := global OR held.scope = 'GLOBAL';
        IF held.active THEN
            RETURN jsonb_build_object('scope', held.scope, 'target', held.target, 'reason', held.reason, 'switch_id', held.id)::text;
        END IF;
    END LOOP;
    IF NOT global THEN
        RETURN jsonb_build_object('scope', 'UNKNOWN', 'reason', 'the kill switches cannot be read')::text;
    END IF;
    RETURN NULL;
END
$$;
GRANT EXECUTE ON FUNCTION kill_switch_over(text,uuid,uuid) TO sextant_app, sextant_platform;
