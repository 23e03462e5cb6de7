-- A file that cannot be committed waits for another attempt, and is set aside after some: it stops no other.
ALTER TABLE output_file
    ADD COLUMN commit_attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN commit_after timestamptz NOT NULL DEFAULT 'epoch';
