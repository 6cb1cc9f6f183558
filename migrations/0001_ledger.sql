-- The ledger: who asked for what, what was decided, what was done about it, and what was seen.
--
-- Times are milliseconds since 1970 UTC. Ids are UUIDv7 text made by the program, Okta's own ids, or
-- SHA-256 in hex. Rows that decide access carry `digest`, SHA-256 over their deciding columns, which
-- is checked whenever they are loaded.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,   -- ledger_id epoch org_id accepted_settings restored_at ...
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Everybody the ledger ever had to do with, pinned by Okta's id at first sight.
CREATE TABLE person (
    okta_id        TEXT    NOT NULL PRIMARY KEY,
    login          TEXT    NOT NULL,
    login_key      TEXT    NOT NULL,            -- login in lower case, for looking up; not unique
    email          TEXT    NOT NULL DEFAULT '',
    first_name     TEXT    NOT NULL DEFAULT '',
    last_name      TEXT    NOT NULL DEFAULT '',
    status         TEXT    NOT NULL,            -- Okta's word, or GONE, or UNKNOWN
    profile        TEXT    NOT NULL DEFAULT '{}', -- JSON of the members the settings ask for
    first_seen_at  INTEGER NOT NULL,
    seen_at        INTEGER NOT NULL,
    inactive_since INTEGER,                     -- first sealed sight as suspended or deactivated
    inactive_last  INTEGER,                     -- latest such sight
    gone_since     INTEGER,                     -- first 404
    gone_last      INTEGER,
    ineligible_since INTEGER,
    version        INTEGER NOT NULL DEFAULT 0,  -- bumped by every filing and decision about them
    blocked_at     INTEGER,
    blocked_by     TEXT,
    blocked_reason TEXT,
    digest         TEXT    NOT NULL,            -- of okta_id and the block
    CHECK ((blocked_at IS NULL) = (blocked_by IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX person_by_login ON person (login_key);

CREATE TABLE request (
    id              TEXT    NOT NULL PRIMARY KEY,
    number          INTEGER NOT NULL UNIQUE,
    kind            TEXT    NOT NULL CHECK (kind IN ('grant', 'revoke', 'change', 'renew')),
    state           TEXT    NOT NULL
                    CHECK (state IN ('filed', 'awaiting_confirmation', 'awaiting_approval',
                                     'accepted', 'denied', 'lapsed', 'cancelled')),
    who             TEXT    NOT NULL,
    person_id       TEXT    REFERENCES person (okta_id),
    entitlement     TEXT    NOT NULL,
    plan            TEXT    NOT NULL DEFAULT '',
    from_at         INTEGER NOT NULL DEFAULT 0,
    until_at        INTEGER NOT NULL DEFAULT 0,
    for_ms          INTEGER NOT NULL DEFAULT 0,
    reason          TEXT    NOT NULL DEFAULT '',
    confirm_one_way INTEGER NOT NULL DEFAULT 0 CHECK (confirm_one_way IN (0, 1)),
    confirmed_at    INTEGER,
    confirmed_by    TEXT,
    principal       TEXT    NOT NULL,
    requester_id    TEXT    NOT NULL DEFAULT '',
    may_decide      INTEGER NOT NULL DEFAULT 0 CHECK (may_decide IN (0, 1)),
    door            TEXT    NOT NULL,
    key             TEXT,
    content_digest  TEXT    NOT NULL,
    filed_at        INTEGER NOT NULL,
    asked_at        INTEGER NOT NULL DEFAULT 0,
    decided_at      INTEGER,
    decided_by      TEXT    NOT NULL DEFAULT '',
    state_reason    TEXT    NOT NULL DEFAULT '',
    CHECK ((decided_at IS NOT NULL) = (state IN ('accepted', 'denied', 'lapsed', 'cancelled')))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX request_by_key ON request (principal, key) WHERE key IS NOT NULL;
CREATE INDEX request_open ON request (number)
    WHERE state IN ('filed', 'awaiting_confirmation', 'awaiting_approval');
CREATE INDEX request_by_person ON request (person_id, number);

-- What was asked never changes; only the decision's columns do, and only while it is open.
CREATE TRIGGER request_is_never_edited BEFORE UPDATE ON request
WHEN OLD.state IN ('accepted', 'denied', 'lapsed', 'cancelled')
  OR NEW.id <> OLD.id OR NEW.number <> OLD.number OR NEW.kind <> OLD.kind OR NEW.who <> OLD.who
  OR NEW.entitlement <> OLD.entitlement OR NEW.plan <> OLD.plan OR NEW.from_at <> OLD.from_at
  OR NEW.until_at <> OLD.until_at OR NEW.for_ms <> OLD.for_ms
  OR NEW.content_digest <> OLD.content_digest OR NEW.principal <> OLD.principal
  OR (OLD.person_id IS NOT NULL AND NEW.person_id IS NOT OLD.person_id)
BEGIN
    SELECT RAISE(ABORT, 'a request is decided, never edited');
END;

CREATE TRIGGER request_is_never_deleted BEFORE DELETE ON request
BEGIN
    SELECT RAISE(ABORT, 'requests are kept');
END;

-- Who was asked to decide a request, and what they said.
CREATE TABLE approval (
    request_id  TEXT    NOT NULL REFERENCES request (id),
    approver_id TEXT    NOT NULL,
    asked_at    INTEGER NOT NULL,
    verdict     TEXT    CHECK (verdict IN ('approve', 'deny')),
    reason      TEXT    NOT NULL DEFAULT '',
    decided_at  INTEGER,
    door        TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (request_id, approver_id),
    CHECK ((verdict IS NULL) = (decided_at IS NULL))
) STRICT, WITHOUT ROWID;

-- (GRANT is a word of SQL.)
CREATE TABLE seat_grant (
    id          TEXT    NOT NULL PRIMARY KEY,
    person_id   TEXT    NOT NULL REFERENCES person (okta_id),
    entitlement TEXT    NOT NULL,
    plan        TEXT    NOT NULL,
    from_at     INTEGER NOT NULL,
    until_at    INTEGER NOT NULL,
    ended_at    INTEGER,
    end_cause   TEXT,
    end_request TEXT    REFERENCES request (id),
    owner_id    TEXT    NOT NULL DEFAULT '',
    request_id  TEXT    REFERENCES request (id),   -- NULL: adopted
    profile     TEXT    NOT NULL DEFAULT '{}',     -- of the person when granted, for reports
    created_at  INTEGER NOT NULL,
    digest      TEXT    NOT NULL,
    CHECK (from_at < until_at),
    CHECK ((ended_at IS NULL) = (end_cause IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX seat_grant_by_person ON seat_grant (person_id, entitlement);
CREATE INDEX seat_grant_by_request ON seat_grant (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX seat_grant_by_end ON seat_grant (end_request) WHERE end_request IS NOT NULL;

-- Every group that the settings name, pinned by id at first sight.
CREATE TABLE group_pin (
    role        TEXT    NOT NULL CHECK (role IN ('plan', 'assignment', 'named')),
    entitlement TEXT    NOT NULL,               -- '' for 'named': eligibility, approvers, protected
    plan        TEXT    NOT NULL,               -- '' but for 'plan'
    ref         TEXT    NOT NULL,               -- the settings' words: a name, or an id
    group_id    TEXT    NOT NULL,
    group_name  TEXT    NOT NULL,
    pinned_at   INTEGER NOT NULL,
    digest      TEXT    NOT NULL,
    PRIMARY KEY (role, entitlement, plan, ref)
) STRICT, WITHOUT ROWID;

-- The accepted membership of a group: the baseline that later listings are held against.
CREATE TABLE baseline (
    group_id    TEXT    NOT NULL PRIMARY KEY,
    accepted_at INTEGER NOT NULL,
    run_id      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE membership (
    group_id   TEXT    NOT NULL,
    person_id  TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('present', 'taken_out')),
    owned      INTEGER NOT NULL CHECK (owned IN (0, 1)),
    owned_by   TEXT    NOT NULL DEFAULT '',      -- op id, or 'adopt:' and who
    since      INTEGER NOT NULL,
    PRIMARY KEY (group_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id              TEXT    NOT NULL PRIMARY KEY,
    number          INTEGER NOT NULL UNIQUE,
    kind            TEXT    NOT NULL CHECK (kind IN ('full', 'fast', 'dry')),
    door            TEXT    NOT NULL,
    epoch           INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    started_boot    INTEGER NOT NULL,            -- boot time then, to notice a jumping wall clock
    boot_id         TEXT    NOT NULL DEFAULT '', -- of the machine's boot
    finished_at     INTEGER,
    outcome         TEXT    CHECK (outcome IN ('converged', 'waiting', 'held', 'failed', 'crashed')),
    settings_digest TEXT    NOT NULL,
    program         TEXT    NOT NULL,
    plan_digest     TEXT    NOT NULL DEFAULT '',
    summary         TEXT    NOT NULL DEFAULT '{}',
    error           TEXT    NOT NULL DEFAULT '',
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;

-- Operations a run planned, and what became of them.
--
-- A row is 'sent', durably, before its request leaves, and settled after the answer: a row left in
-- 'sent' says exactly what a crash may have done without our knowing.
CREATE TABLE op (
    run_id         TEXT    NOT NULL REFERENCES run (id),
    seq            INTEGER NOT NULL,
    op_id          TEXT    NOT NULL,             -- digest of kind, group, person, entitlement, plan
    kind           TEXT    NOT NULL CHECK (kind IN ('okta.add', 'okta.remove')),
    cause          TEXT    NOT NULL,
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

CREATE INDEX op_unsettled ON op (run_id) WHERE state IN ('sent', 'unknown');
CREATE INDEX op_by_sent ON op (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX op_removal ON op (sent_at) WHERE kind = 'okta.remove' AND sent_at IS NOT NULL;
CREATE INDEX op_by_person ON op (person_id, planned_at);

CREATE TRIGGER op_settled_is_final BEFORE UPDATE ON op
WHEN OLD.state IN ('done', 'failed', 'skipped')
BEGIN
    SELECT RAISE(ABORT, 'op is settled');
END;

CREATE TABLE finding (
    key           TEXT    NOT NULL PRIMARY KEY,  -- digest of kind, entitlement, person, group, hop
    id            TEXT    NOT NULL UNIQUE,       -- F-3K7
    kind          TEXT    NOT NULL,
    severity      TEXT    NOT NULL CHECK (severity IN ('info', 'ticket', 'page')),
    entitlement   TEXT    NOT NULL,
    person_id     TEXT    NOT NULL,
    login         TEXT    NOT NULL,
    group_id      TEXT    NOT NULL,
    hop           TEXT    NOT NULL,
    since         INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL,
    resolved_at   INTEGER,
    detail        TEXT    NOT NULL,
    remedy        TEXT    NOT NULL,
    actor         TEXT    NOT NULL,
    cost_minor    INTEGER NOT NULL,
    subject       TEXT    NOT NULL,
    may_ack       INTEGER NOT NULL CHECK (may_ack IN (0, 1)),
    ignored_until INTEGER,
    ignored_by    TEXT,
    ignore_reason TEXT
) STRICT, WITHOUT ROWID;

-- An acknowledgement is for one exact state of one finding.
CREATE TABLE acknowledgement (
    finding_key TEXT    NOT NULL REFERENCES finding (key),
    subject     TEXT    NOT NULL,
    acked_by    TEXT    NOT NULL,
    acked_at    INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    PRIMARY KEY (finding_key, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE freeze (
    id          TEXT    NOT NULL PRIMARY KEY,
    entitlement TEXT    NOT NULL,                -- '' : everything
    removals    INTEGER NOT NULL CHECK (removals IN (0, 1)), -- 1: removals only
    reason      TEXT    NOT NULL,
    frozen_by   TEXT    NOT NULL,
    frozen_at   INTEGER NOT NULL,
    until_at    INTEGER,
    lifted_at   INTEGER,
    lifted_by   TEXT
) STRICT, WITHOUT ROWID;

-- An anomaly lowers an entitlement's mode until somebody acknowledges it.
CREATE TABLE mode_floor (
    entitlement TEXT    NOT NULL PRIMARY KEY,
    mode        TEXT    NOT NULL CHECK (mode IN ('observe', 'add')),
    reason      TEXT    NOT NULL,
    finding_key TEXT    NOT NULL DEFAULT '',
    since       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log_cursor (
    remote      TEXT    NOT NULL PRIMARY KEY,
    cursor      TEXT    NOT NULL,
    published   INTEGER NOT NULL,                -- newest event seen
    polled_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Membership events of the remote's own log: who changed what. Kept for 90 days.
CREATE TABLE log_event (
    uuid       TEXT    NOT NULL PRIMARY KEY,
    published  INTEGER NOT NULL,
    is_add     INTEGER NOT NULL CHECK (is_add IN (0, 1)),
    group_id   TEXT    NOT NULL,
    person_id  TEXT    NOT NULL,
    actor_id   TEXT    NOT NULL,
    actor_name TEXT    NOT NULL,
    by_rule    INTEGER NOT NULL CHECK (by_rule IN (0, 1)),
    ours       INTEGER NOT NULL CHECK (ours IN (0, 1)) -- our own client or token
) STRICT, WITHOUT ROWID;

CREATE INDEX log_event_by_member ON log_event (group_id, person_id, published);
CREATE INDEX log_event_ours ON log_event (published) WHERE ours = 1;
CREATE INDEX log_event_by_age ON log_event (published);

CREATE TABLE settings_version (
    digest     TEXT    NOT NULL PRIMARY KEY,
    text       TEXT    NOT NULL,                 -- effective settings; they hold no secret
    first_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every decision and change, chained: `hash` covers the row before and all fields of this one.
CREATE TABLE audit (
    seq             INTEGER NOT NULL PRIMARY KEY,
    at              INTEGER NOT NULL,
    who             TEXT    NOT NULL,
    door            TEXT    NOT NULL,
    what            TEXT    NOT NULL,            -- request.filed, op.done, freeze, ...
    subject         TEXT    NOT NULL,            -- R17, a finding, a run, a person
    person_id       TEXT    NOT NULL DEFAULT '',
    detail          TEXT    NOT NULL,            -- JSON
    settings_digest TEXT    NOT NULL,
    prev            TEXT    NOT NULL,
    hash            TEXT    NOT NULL
) STRICT;

CREATE TRIGGER audit_is_never_edited BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is never edited');
END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is kept');
END;
