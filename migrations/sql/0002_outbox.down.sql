-- Undo the outbox.
DROP FUNCTION outbox_figures(timestamptz, text);
DROP TYPE outbox_figure;
DROP FUNCTION outbox_next_due();
DROP FUNCTION outbox_find_lanes();
DROP FUNCTION outbox_measure(jsonb, text[]);
DROP TYPE outbox_measured;
DROP FUNCTION outbox_settle(uuid, text[], bigint[], text[], text[], integer, interval, interval, interval, interval);
DROP TYPE outbox_settled;
DROP FUNCTION outbox_claim(uuid, integer, interval, text, jsonb);
DROP TYPE outbox_claimed;
DROP FUNCTION outbox_lane_key(text);
DROP FUNCTION outbox_promote(integer);
DROP FUNCTION outbox_allowance(text, timestamptz);
DROP FUNCTION outbox_enqueue_many(text, text[], text[], jsonb[], jsonb[], interval[], boolean);
DROP FUNCTION outbox_enqueue(text, text, text, jsonb, jsonb, interval, boolean);
DROP FUNCTION outbox_admit(text, integer);
DROP FUNCTION outbox_event_id();
DROP TABLE inbox_message, outbox_audit, tenant_quota, outbox_usage, outbox_publication, outbox_lane,
           outbox_dead, outbox_delayed, outbox_pending, outbox_event;
DROP SEQUENCE outbox_position;
