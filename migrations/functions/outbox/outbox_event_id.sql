-- UUIDv7 (RFC 9562, method 3): 48 bits of milliseconds, 12 bits of the millisecond's fraction, 62 random bits.
-- One expression, so that it is inlined.
CREATE OR REPLACE FUNCTION outbox_event_id() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT (overlay(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 4096000)::bigint), 15, '0') PLACING '7' FROM 13 FOR 0)
            || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid
$$;
GRANT EXECUTE ON FUNCTION outbox_event_id() TO sextant_app, sextant_platform;
