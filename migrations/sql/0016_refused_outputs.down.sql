DROP FUNCTION IF EXISTS refuse_output(uuid, text, uuid, text, integer, interval);
ALTER TABLE output_file DROP COLUMN commit_attempts, DROP COLUMN commit_after;
