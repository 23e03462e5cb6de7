-- Set or lift a switch. `outcome` is CHANGED, UNCHANGED or HELD_BY_PLATFORM. In force with the commit.
CREATE OR REPLACE FUNCTION set_kill_switch(
    p_tenant text, p_scope text, p_target text, p_active boolean, p_reason text, p_actor text, p_platform boolean,
    p_correlation_id text, OUT outcome text, OUT switch kill_switch
) LANGUAGE plpgsql AS $$
DECLARE
    owner text := CASE WHEN p_scope = 'GLOBAL' THEN '*' ELSE p_tenant END;
BEGIN
    INSERT INTO kill_switch (tenant_id, id, scope, target, active, reason, changed_by)
    VALUES (owner, outbox_event_id(), p_scope, p_target, false, p_reason, p_actor)
    ON CONFLICT (tenant_id, scope, target) DO NOTHING;
    SELECT * INTO STRICT switch FROM kill_switch k
    WHERE k.tenant_id = owner AND k.scope = p_scope AND k.target = p_target FOR UPDATE;
    -- What the tenant has set already the platform may set too: from then on only the platform lifts it.
    IF switch.active = p_active AND NOT (p_active AND p_platform AND NOT switch.by_platform) THEN
        outcome := 'UNCHANGED';
        RETURN;
    ELSIF switch.active AND switch.by_platform AND NOT p_platform THEN
        outcome := 'HELD_BY_PLATFORM';
        RETURN;
    END IF;
    UPDATE kill_switch k SET active = p_active, by_platform = p_platform, reason = p_reason, changed_by = p_actor, changed_at = clock_timestamp()
    WHERE k.tenant_id = owner AND k.id = switch.id RETURNING * INTO switch;
    INSERT INTO kill_switch_audit (tenant_id, id, switch_id, scope, target, active, reason, actor, correlation_id)
    VALUES (owner, outbox_event_id(), switch.id, p_scope, p_target, p_active, p_reason, p_actor, p_correlation_id);
    IF NOT p_active THEN
        PERFORM resume_runs(owner);
    END IF;
    outcome := 'CHANGED';
END
$$;
GRANT EXECUTE ON FUNCTION set_kill_switch(text,text,text,boolean,text,text,boolean,text) TO sextant_app, sextant_platform;
