-- Rollouts: moving the holders of one plan to another in waves, and the people of each, frozen at
-- the start. All state of a rollout is here, so that it goes on after a restart where it was.

CREATE TABLE rollout (
    id              TEXT    NOT NULL PRIMARY KEY,
    number          INTEGER NOT NULL UNIQUE,      -- W3
    entitlement     TEXT    NOT NULL,
    from_plan       TEXT    NOT NULL,
    to_plan         TEXT    NOT NULL,
    scope           TEXT    NOT NULL CHECK (scope IN ('people', 'group')),
    waves           TEXT    NOT NULL,             -- as given: 3,5%,25%,100%
    halt_on         TEXT    NOT NULL,
    bake_ms         INTEGER NOT NULL CHECK (bake_ms >= 0),
    confirm_one_way INTEGER NOT NULL CHECK (confirm_one_way IN (0, 1)),
    reason          TEXT    NOT NULL,
    started_by      TEXT    NOT NULL,
    started_at      INTEGER NOT NULL,
    state           TEXT    NOT NULL
                    CHECK (state IN ('running', 'paused', 'halted', 'done', 'aborted')),
    state_why       TEXT    NOT NULL DEFAULT '',  -- running: what is waited for
    wave            INTEGER NOT NULL DEFAULT 0,   -- begun so far
    wave_began_at   INTEGER NOT NULL DEFAULT 0,
    proved_at       INTEGER NOT NULL DEFAULT 0,   -- since when the begun waves are through; 0: not
    confirmed       INTEGER NOT NULL DEFAULT 0 CHECK (confirmed IN (0, 1)),
    looked_at       INTEGER NOT NULL,             -- by the last run: what a clock that jumped is
    steady_since    INTEGER NOT NULL,             --   held against; since when it has not jumped
    ended_at        INTEGER NOT NULL DEFAULT 0,
    digest          TEXT    NOT NULL,             -- of what never changes: all up to started_at
    CHECK ((ended_at <> 0) = (state IN ('done', 'aborted')))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX rollout_open ON rollout (entitlement)
    WHERE state IN ('running', 'paused', 'halted');

CREATE TRIGGER rollout_goes_forward BEFORE UPDATE ON rollout
WHEN OLD.state IN ('done', 'aborted') OR NEW.wave < OLD.wave OR NEW.wave > OLD.wave + 1
  OR NEW.digest <> OLD.digest
BEGIN
    SELECT RAISE(ABORT, 'a rollout goes forward, one wave at a time');
END;

CREATE TABLE rollout_member (
    rollout_id     TEXT    NOT NULL REFERENCES rollout (id),
    place_in_order INTEGER NOT NULL,              -- 0 is first
    person_id      TEXT    NOT NULL REFERENCES person (okta_id),
    place          TEXT    NOT NULL DEFAULT 'waiting'
                   CHECK (place IN ('waiting', 'asked', 'moved', 'failed', 'gone')),
    request_id     TEXT    REFERENCES request (id), -- NULL: none was filed
    why            TEXT    NOT NULL DEFAULT '',
    at             INTEGER NOT NULL DEFAULT 0,    -- of the place
    accepted       INTEGER NOT NULL DEFAULT 0     -- a failure in spite of which a person resumed
                   CHECK (accepted IN (0, 1)),
    digest         TEXT    NOT NULL,              -- of rollout, order and person
    PRIMARY KEY (rollout_id, place_in_order),
    UNIQUE (rollout_id, person_id)
) STRICT, WITHOUT ROWID;

-- The cohort is frozen, nobody is asked twice, and what was proved stays proved.
CREATE TRIGGER rollout_member_is_frozen BEFORE UPDATE ON rollout_member
WHEN NEW.digest <> OLD.digest OR NEW.person_id <> OLD.person_id
  OR (OLD.request_id IS NOT NULL AND NEW.request_id IS NOT OLD.request_id)
  OR (OLD.place <> 'waiting' AND NEW.place = 'waiting')
  OR (OLD.place IN ('moved', 'gone') AND NEW.place <> OLD.place)
BEGIN
    SELECT RAISE(ABORT, 'a rollout''s people are frozen');
END;

CREATE TRIGGER rollout_member_is_kept BEFORE DELETE ON rollout_member
BEGIN
    SELECT RAISE(ABORT, 'a rollout''s people are kept');
END;
