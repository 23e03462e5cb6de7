-- What a run, an export or an incident came to, told in the transaction that makes it true; the trigger says which it is on.
-- An incident that escalates as it opens is told of twice.
CREATE OR REPLACE FUNCTION tell_webhooks() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    facts jsonb;
BEGIN
    IF TG_ARGV[0] = 'run' THEN
        PERFORM publish_webhook_event(
            NEW.tenant_id, 'run.' || lower(NEW.state), NEW.id, NEW.scenario_id,
            jsonb_build_object(
                'run_id', NEW.id, 'scenario_id', NEW.scenario_id, 'state', NEW.state,
                'links', jsonb_build_object(
                    'run', format('/v1/scenarios/%s/runs/%s', NEW.scenario_id, NEW.id),
                    'result', CASE WHEN NEW.state = 'SUCCEEDED' THEN format('/v1/scenarios/%s/runs/%s/result', NEW.scenario_id, NEW.id) END)));
        RETURN NULL;
    END IF;
    IF TG_ARGV[0] = 'export' THEN
        PERFORM publish_webhook_event(
            NEW.tenant_id, CASE NEW.state WHEN 'SUCCEEDED' THEN 'export.ready' ELSE 'export.failed' END, NEW.id, NEW.scenario_id,
            jsonb_build_object(
                'export_id', NEW.id, 'scenario_id', NEW.scenario_id, 'state', NEW.state, 'format', NEW.format,
                'links', jsonb_build_object('export', format('/v1/scenarios/%s/exports/%s', NEW.scenario_id, NEW.id))));
        RETURN NULL;
    END IF;
    facts := jsonb_build_object(
        'incident_id', NEW.id, 'state', NEW.state, 'severity', NEW.severity,
        'links', jsonb_build_object('incident', format('/v1/incidents/%s', NEW.id)));
    IF TG_OP = 'INSERT' THEN
        PERFORM publish_webhook_event(NEW.tenant_id, 'incident.opened', NEW.id, NULL, facts);
    ELSIF NEW.state <> OLD.state THEN
        PERFORM publish_webhook_event(
            NEW.tenant_id, CASE NEW.state WHEN 'RESOLVED' THEN 'incident.resolved' ELSE 'incident.reopened' END, NEW.id, NULL, facts);
    END IF;
    IF NEW.escalated_at IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.escalated_at IS DISTINCT FROM OLD.escalated_at) THEN
        PERFORM publish_webhook_event(NEW.tenant_id, 'incident.escalated', NEW.id, NULL, facts);
    END IF;
    RETURN NULL;
END
$$;
