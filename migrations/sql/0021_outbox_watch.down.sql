DROP TABLE outbox_watch;
