-- Count a failure into the current incident of its signature, or open one. `change` is OPENED, REOPENED, ESCALATED or
-- COUNTED. The row's lock makes the count exact; nothing else of the incident is read before it.
--
-- An incident may be quiet for `p_grouping` and still take a failure; a resolved one is reopened for as long as
-- `p_reopening`; `p_escalate_at` failures escalate it. `p_reopens` is for a failure that nobody has answered yet, a failed
-- run: it reopens a resolved incident even if it happened before the resolution and was reported after it.
--
-- A workflow opens at most 20 incidents within `p_grouping`, a tenant 400; what differs from them all is gathered in one more of
-- that workflow. Whoever counts at the same moment may open one beyond that.
CREATE OR REPLACE FUNCTION count_failure(
    p_tenant text, p_signature text, p_algorithm integer, p_title text, p_workflow uuid, p_vendor uuid, p_severity text,
    p_occurred_at timestamptz, p_correlation_id text, p_grouping interval, p_reopening interval, p_escalate_at integer, p_reopens boolean,
    OUT incident_id uuid, OUT change text, OUT state text, OUT events bigint, OUT cycle_events bigint
) LANGUAGE plpgsql AS $$
DECLARE
    moment    timestamptz := clock_timestamp();
    reopened  boolean;
    escalated boolean;
    previous  uuid;
    opened    bigint;
    of_tenant bigint;
    the_rest  text := fingerprint_signature(p_tenant, 'the rest of workflow ' || p_workflow);
BEGIN
    -- A sender whose clock is fast must not hold the window open: nothing was seen later than now.
    p_occurred_at := least(p_occurred_at, moment);
    FOR turn IN 1..5 LOOP
        UPDATE incident i SET
            event_count = i.event_count + 1,
            first_seen = least(i.first_seen, p_occurred_at),
            last_seen = greatest(i.last_seen, p_occurred_at),
            severity = CASE WHEN p_severity = 'CRITICAL' THEN 'CRITICAL' ELSE i.severity END,
            cycle_events = CASE WHEN i.state = 'RESOLVED' AND (p_reopens OR p_occurred_at > i.resolved_at) THEN 1 ELSE i.cycle_events + 1 END,
            escalated_at = CASE
                WHEN i.state = 'RESOLVED' AND (p_reopens OR p_occurred_at > i.resolved_at) THEN CASE WHEN p_severity = 'CRITICAL' OR p_escalate_at <= 1 THEN moment END
                WHEN i.state IN ('NEW', 'ANALYZING', 'ACTIONED') AND i.escalated_at IS NULL
                     AND (i.cycle_events + 1 >= p_escalate_at OR p_severity = 'CRITICAL') THEN moment
                ELSE i.escalated_at END
        WHERE i.tenant_id = p_tenant AND i.signature = p_signature AND i.is_current AND (
               i.state = 'IGNORED'
            OR (i.state = 'RESOLVED' AND p_occurred_at <= i.resolved_at + p_reopening)
            OR (i.state IN ('NEW', 'ANALYZING', 'ACTIONED')
                AND p_occurred_at <= i.last_seen + p_grouping))
        RETURNING i.id, i.state, i.event_count, i.cycle_events, i.escalated_at = moment, i.state = 'RESOLVED' AND (p_reopens OR p_occurred_at > i.resolved_at)
        INTO incident_id, state, events, cycle_events, escalated, reopened;
        IF FOUND THEN
            IF reopened THEN
                UPDATE incident i SET
                    state = 'NEW', state_reason = 'it happened again', cycle = i.cycle + 1, reopened_at = moment, resolved_at = NULL,
                    updated_at = moment, updated_by = 'detection', correlation_id = p_correlation_id
                WHERE i.tenant_id = p_tenant AND i.id = count_failure.incident_id;
                state := 'NEW';
                change := 'REOPENED';
            ELSE
                change := CASE WHEN escalated THEN 'ESCALATED' ELSE 'COUNTED' END;
            END IF;
            RETURN;
        END IF;

        UPDATE incident i SET is_current = false
        WHERE i.tenant_id = p_tenant AND i.signature = p_signature AND i.is_current AND (
               (i.state = 'RESOLVED' AND p_occurred_at > i.resolved_at + p_reopening)
            OR (i.state IN ('NEW', 'ANALYZING', 'ACTIONED') AND p_occurred_at > i.last_seen + p_grouping))
        RETURNING i.id INTO previous;
        IF p_signature <> the_rest THEN
            -- Ids are in the order of time: the newest are read, and no more, however many there are.
            SELECT count(*) FILTER (WHERE n.workflow_id = p_workflow), count(*) INTO opened, of_tenant
            FROM (SELECT i.workflow_id, i.opened_at FROM incident i WHERE i.tenant_id = p_tenant ORDER BY i.id DESC LIMIT 400) AS n
            WHERE n.opened_at > moment - p_grouping;
            IF opened >= 20 OR of_tenant >= 400 THEN
                p_signature := the_rest;
                p_title := 'many different failures: those beyond the first incidents, gathered';
                p_vendor := NULL;
                CONTINUE;
            END IF;
        END IF;
        INSERT INTO incident AS i (
            tenant_id, id, signature, algorithm, previous_id, title, workflow_id, vendor_id, severity, first_seen, last_seen,
            escalated_at, correlation_id, state_reason)
        VALUES (
            p_tenant, outbox_event_id(), p_signature, p_algorithm, previous, p_title, p_workflow, p_vendor, p_severity, p_occurred_at,
            p_occurred_at, CASE WHEN p_severity = 'CRITICAL' OR p_escalate_at <= 1 THEN moment END, p_correlation_id, 'first seen')
        ON CONFLICT (tenant_id, signature) WHERE is_current DO NOTHING
        RETURNING i.id, i.state, i.event_count, i.cycle_events INTO incident_id, state, events, cycle_events;
        IF FOUND THEN
            change := 'OPENED';
            RETURN;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'the incident of signature % kept changing', p_signature USING ERRCODE = 'serialization_failure';
END
$$;
GRANT EXECUTE ON FUNCTION count_failure(text,text,integer,text,uuid,uuid,text,timestamp with time zone,text,interval,interval,integer,boolean) TO sextant_app, sextant_platform;
