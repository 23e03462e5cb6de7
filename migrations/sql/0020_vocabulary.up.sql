-- What scenarios on a baseline may name, read in the statement that asks for a run. NULL: stored before this was kept.
ALTER TABLE baseline ADD COLUMN vocabulary jsonb;
-- What the asker must know to warn or refuse: the scenario's assumptions and what its baseline has.
ALTER TYPE requested_run ADD ATTRIBUTE context jsonb;
