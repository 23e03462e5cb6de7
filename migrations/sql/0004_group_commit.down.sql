DROP FUNCTION invalidate_outputs(text, text);
REVOKE DELETE ON output_batch FROM sextant_platform;
DROP FUNCTION close_output_batch(uuid, bigint);
DROP FUNCTION open_output_batch(uuid, text, interval, integer);
