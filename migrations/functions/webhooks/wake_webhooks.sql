-- A message that wakes the deliverer, with the transaction: one for each, however often it is asked for. It says no more than that.
CREATE OR REPLACE FUNCTION wake_webhooks(p_tenant text) RETURNS void
    LANGUAGE sql AS $$
    SELECT outbox_enqueue(
        p_tenant, 'webhook.due', format('webhook:%s', pg_current_xact_id()), jsonb_build_object('tenant_id', p_tenant),
        p_refusable => false);
$$;
GRANT EXECUTE ON FUNCTION wake_webhooks(text) TO sextant_app, sextant_platform;
