ALTER TYPE requested_run DROP ATTRIBUTE context;
ALTER TABLE baseline DROP COLUMN vocabulary;
