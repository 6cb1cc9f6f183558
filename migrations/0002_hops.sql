-- How far every seat has come over its five hops, how long hops took, and who is who in Identity
-- Center; ops and pins that have to do with its store.

-- One row per hop of a seat, as the last run saw it. A hop that has no row was never seen.
CREATE TABLE seat_hop (
    entitlement TEXT    NOT NULL,
    person_id   TEXT    NOT NULL,
    plan        TEXT    NOT NULL,
    hop         TEXT    NOT NULL CHECK (hop IN ('okta', 'user', 'pushed', 'seat', 'in_use')),
    state       TEXT    NOT NULL
                CHECK (state IN ('reached', 'on_its_way', 'late', 'leaving', 'unknown',
                                 'not_applicable')),
    since       INTEGER NOT NULL,                -- 0: none
    deadline    INTEGER NOT NULL,                -- 0: none
    why         TEXT    NOT NULL,                -- not_assigned, lost, ...
    cause       TEXT    NOT NULL,
    remedy      TEXT    NOT NULL,
    overdue     INTEGER NOT NULL CHECK (overdue IN (0, 1)),
    usual_ms    INTEGER NOT NULL,                -- 0: too little was known
    at_most_ms  INTEGER NOT NULL,
    memory      TEXT    NOT NULL                 -- the state that the next run goes on from
                CHECK (memory IN ('reached', 'on_its_way', 'leaving', 'not_applicable')),
    memory_since INTEGER NOT NULL,
    desired     INTEGER NOT NULL CHECK (desired IN (0, 1)),
    seen_at     INTEGER NOT NULL,
    PRIMARY KEY (entitlement, person_id, plan, hop)
) STRICT, WITHOUT ROWID;

-- How long hops took, the newest of each kind: what deadlines are learned from.
CREATE TABLE hop_lag (
    seq    INTEGER NOT NULL PRIMARY KEY,
    hop    TEXT    NOT NULL CHECK (hop IN ('okta', 'user', 'pushed', 'seat', 'in_use')),
    is_up  INTEGER NOT NULL CHECK (is_up IN (0, 1)),
    broken INTEGER NOT NULL CHECK (broken IN (0, 1)), -- in a broken period: never learned from
    lag_ms INTEGER NOT NULL CHECK (lag_ms >= 0),
    at     INTEGER NOT NULL
) STRICT;

CREATE INDEX hop_lag_newest ON hop_lag (hop, is_up, broken, at, seq);

-- Users of Identity Center, pinned to people of Okta once known.
CREATE TABLE idc_user (
    store_id    TEXT    NOT NULL,
    user_id     TEXT    NOT NULL,
    person_id   TEXT    NOT NULL DEFAULT '',     -- '': nobody we know
    user_name   TEXT    NOT NULL,
    email       TEXT    NOT NULL,
    external_id TEXT    NOT NULL,
    issuer      TEXT    NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('enabled', 'disabled', 'unknown')),
    first_seen  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    digest      TEXT    NOT NULL,                -- of all but seen_at
    PRIMARY KEY (store_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX idc_user_by_person ON idc_user (store_id, person_id) WHERE person_id <> '';

-- Ops on the store's memberships. SQLite changes a CHECK only by making the table anew.
CREATE TABLE op_next (
    run_id         TEXT    NOT NULL REFERENCES run (id),
    seq            INTEGER NOT NULL,
    op_id          TEXT    NOT NULL,             -- digest of kind, group, person, entitlement, plan
    kind           TEXT    NOT NULL
                   CHECK (kind IN ('okta.add', 'okta.remove', 'idc.add', 'idc.remove')),
    cause          TEXT    NOT NULL,
    counts         INTEGER NOT NULL DEFAULT 1    -- 0: a removal after which the person has no less
                   CHECK (counts IN (0, 1)),
    group_id       TEXT    NOT NULL,
    person_id      TEXT    NOT NULL REFERENCES person (okta_id),
    entitlement    TEXT    NOT NULL,
    plan           TEXT    NOT NULL,
    request_id     TEXT    NOT NULL DEFAULT '',
    due_at         INTEGER NOT NULL DEFAULT 0,
    person_version INTEGER NOT NULL,             -- of the snapshot the plan was made from
    epoch          INTEGER NOT NULL,
    state          TEXT    NOT NULL DEFAULT 'planned'
                   CHECK (state IN ('planned', 'held', 'sent', 'unknown', 'done', 'failed', 'skipped')),
    guard          TEXT    NOT NULL DEFAULT '',
    reason         TEXT    NOT NULL DEFAULT '',
    planned_at     INTEGER NOT NULL,
    sent_at        INTEGER,
    settled_at     INTEGER,
    PRIMARY KEY (run_id, seq),
    CHECK ((settled_at IS NOT NULL) = (state IN ('done', 'failed', 'skipped'))),
    CHECK (sent_at IS NOT NULL OR state IN ('planned', 'held', 'skipped', 'failed'))
) STRICT, WITHOUT ROWID;

INSERT INTO op_next (run_id, seq, op_id, kind, cause, group_id, person_id, entitlement, plan,
                     request_id, due_at, person_version, epoch, state, guard, reason, planned_at,
                     sent_at, settled_at)
SELECT run_id, seq, op_id, kind, cause, group_id, person_id, entitlement, plan,
       request_id, due_at, person_version, epoch, state, guard, reason, planned_at,
       sent_at, settled_at
FROM op;

DROP TABLE op; -- its indexes and its trigger go along
ALTER TABLE op_next RENAME TO op;

CREATE INDEX op_unsettled ON op (run_id) WHERE state IN ('sent', 'unknown');
CREATE INDEX op_by_sent ON op (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX op_removal ON op (sent_at)
    WHERE kind IN ('okta.remove', 'idc.remove') AND sent_at IS NOT NULL;
CREATE INDEX op_by_person ON op (person_id, planned_at);

CREATE TRIGGER op_settled_is_final BEFORE UPDATE ON op
WHEN OLD.state IN ('done', 'failed', 'skipped')
BEGIN
    SELECT RAISE(ABORT, 'op is settled');
END;

-- The store's group of a plan is pinned like any other.
CREATE TABLE group_pin_next (
    role        TEXT    NOT NULL CHECK (role IN ('plan', 'assignment', 'named', 'store')),
    entitlement TEXT    NOT NULL,               -- '' for 'named': eligibility, approvers, protected
    plan        TEXT    NOT NULL,               -- '' but for 'plan' and 'store'
    ref         TEXT    NOT NULL,               -- the settings' words: a name, or an id
    group_id    TEXT    NOT NULL,
    group_name  TEXT    NOT NULL,
    pinned_at   INTEGER NOT NULL,
    digest      TEXT    NOT NULL,
    PRIMARY KEY (role, entitlement, plan, ref)
) STRICT, WITHOUT ROWID;

INSERT INTO group_pin_next (role, entitlement, plan, ref, group_id, group_name, pinned_at, digest)
SELECT role, entitlement, plan, ref, group_id, group_name, pinned_at, digest
FROM group_pin;

DROP TABLE group_pin;
ALTER TABLE group_pin_next RENAME TO group_pin;
