-- Store an event and, when it is a failure (`p_signature` given), count it. The answer is {outcome, event id, incident id,
-- change, number of events}; the outcome CREATED, REPLAYED (this key, this event), KEY_REUSED (this key, another event),
-- TENANT_INACTIVE, WORKFLOW_NOT_FOUND, VENDOR_NOT_FOUND or RUN_NOT_FOUND.
--
-- Without `p_workflow` the event belongs to the platform's own workflow; `p_incident` links one that is no failure. An
-- incident that is new, again there, escalated or at `p_review_at` failures, and every failed run, is asked to be analysed.
CREATE OR REPLACE FUNCTION ingest_event(
    p_tenant text, p_event uuid, p_workflow uuid, p_vendor uuid, p_run uuid, p_incident uuid, p_event_type text, p_severity text,
    p_source text, p_payload jsonb, p_idempotency_key text, p_request_hash text, p_correlation_id text, p_traceparent text,
    p_occurred_at timestamptz, p_signature text, p_algorithm integer, p_title text,
    p_grouping interval, p_reopening interval, p_escalate_at integer, p_review_at integer
) RETURNS text[]
    LANGUAGE plpgsql AS $$
DECLARE
    counted   record;
    known     uuid;
    known_of  uuid;
    same      boolean;
    active    boolean;
    has_flow  boolean;
    -- Before the incident that it opens: a timeline is read by its moments.
    received  timestamptz := clock_timestamp();
BEGIN
    PERFORM enter_tenant(p_tenant);
    IF p_idempotency_key IS NOT NULL THEN
        -- Twins queue here, so that the second finds the first's row and counts nothing. The unique constraint stands behind it.
        PERFORM pg_advisory_xact_lock(hashtextextended(p_tenant || E'\n' || p_idempotency_key, 5));
        SELECT e.id, e.incident_id, e.request_hash = p_request_hash INTO known, known_of, same
        FROM event e WHERE e.tenant_id = p_tenant AND e.idempotency_key = p_idempotency_key AND e.source = p_source;
        IF FOUND THEN
            RETURN ARRAY[CASE WHEN same THEN 'REPLAYED' ELSE 'KEY_REUSED' END, known::text, known_of::text, NULL, NULL];
        END IF;
    END IF;
    SELECT NOT EXISTS (SELECT FROM tenant t WHERE t.tenant_id = p_tenant AND NOT (t.active AND t.deleted_at IS NULL)),
           EXISTS (SELECT FROM workflow w WHERE w.tenant_id = p_tenant AND w.id = p_workflow AND w.deleted_at IS NULL)
    INTO active, has_flow;
    -- The platform's own failures are noticed whatever has become of the tenant.
    IF p_source = 'API' AND NOT active THEN
        RETURN ARRAY['TENANT_INACTIVE', NULL, NULL, NULL, NULL];
    END IF;
    IF p_workflow IS NULL THEN
        p_workflow := platform_workflow(p_tenant);
    ELSIF NOT has_flow THEN
        RETURN ARRAY['WORKFLOW_NOT_FOUND', NULL, NULL, NULL, NULL];
    END IF;
    IF p_vendor IS NOT NULL AND NOT EXISTS (SELECT FROM vendor v WHERE v.tenant_id = p_tenant AND v.id = p_vendor AND v.deleted_at IS NULL) THEN
        RETURN ARRAY['VENDOR_NOT_FOUND', NULL, NULL, NULL, NULL];
    END IF;
    IF p_run IS NOT NULL AND p_source = 'API' AND NOT EXISTS (SELECT FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run) THEN
        RETURN ARRAY['RUN_NOT_FOUND', NULL, NULL, NULL, NULL];
    END IF;

    IF p_signature IS NULL THEN
        INSERT INTO event (
            tenant_id, id, workflow_id, vendor_id, run_id, incident_id, event_type, severity, source, payload, idempotency_key,
            request_hash, correlation_id, occurred_at, received_at)
        VALUES (
            p_tenant, p_event, p_workflow, p_vendor, p_run, p_incident, p_event_type, p_severity, p_source, p_payload, p_idempotency_key,
            p_request_hash, p_correlation_id, p_occurred_at, received);
        RETURN ARRAY['CREATED', p_event::text, p_incident::text, NULL, NULL];
    END IF;
    counted := count_failure(
        p_tenant, p_signature, p_algorithm, p_title, p_workflow, p_vendor, p_severity, p_occurred_at, p_correlation_id,
        p_grouping, p_reopening, p_escalate_at, p_run IS NOT NULL);
    INSERT INTO event (
        tenant_id, id, workflow_id, vendor_id, run_id, incident_id, event_type, severity, source, payload, idempotency_key,
        request_hash, correlation_id, occurred_at, received_at)
    VALUES (
        p_tenant, p_event, p_workflow, p_vendor, p_run, counted.incident_id, p_event_type, p_severity, p_source, p_payload, p_idempotency_key,
        p_request_hash, p_correlation_id, p_occurred_at, received);
    IF counted.change <> 'COUNTED' OR ((p_run IS NOT NULL OR counted.cycle_events = p_review_at) AND counted.state <> 'IGNORED') THEN
        PERFORM outbox_enqueue(
            p_tenant, 'incident.changed', format('incident:%s:%s', counted.incident_id, p_event),
            jsonb_build_object('tenant_id', p_tenant, 'incident_id', counted.incident_id, 'event_id', p_event, 'change', counted.change),
            jsonb_build_object('correlation-id', p_correlation_id, 'traceparent', p_traceparent), p_refusable => false);
    END IF;
    RETURN ARRAY['CREATED', p_event::text, counted.incident_id::text, counted.change, counted.events::text];
END
$$;
GRANT EXECUTE ON FUNCTION ingest_event(text,uuid,uuid,uuid,uuid,uuid,text,text,text,jsonb,text,text,text,text,timestamp with time zone,text,integer,text,interval,interval,integer,integer) TO sextant_app, sextant_platform;
