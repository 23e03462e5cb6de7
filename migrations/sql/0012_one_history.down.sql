-- What both histories have in common since then stays: 0001 to 0010 make it on an empty database.
REVOKE SELECT ON alembic_version FROM sextant_app, sextant_platform;
DROP TABLE schema_check;
