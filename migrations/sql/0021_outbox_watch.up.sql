-- Which relay looks on for new events, and until when: a promise that what is committed before is seen (docs/outbox.md). And
-- when a relay was last called. Everyone may read it; only the platform's role, as whom relays run, may keep the watch.
CREATE TABLE outbox_watch (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    relay uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    ends_at timestamptz NOT NULL DEFAULT '-infinity',
    called_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 10);
INSERT INTO outbox_watch DEFAULT VALUES;
GRANT SELECT, UPDATE (relay, ends_at, called_at) ON outbox_watch TO sextant_platform;
GRANT SELECT, UPDATE (called_at) ON outbox_watch TO sextant_app;
