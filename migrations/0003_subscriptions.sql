-- Subscriptions as the last listing that was believed showed them: what later listings are held
-- against. Ids of users are those of one store (contract: bind every row to it).

CREATE TABLE subscription (
    store_id TEXT    NOT NULL,
    user_id  TEXT    NOT NULL,                   -- of the store; may be nobody there any more
    raw      TEXT    NOT NULL,                   -- the plan as the remote spells it
    status   TEXT    NOT NULL CHECK (status IN ('pending', 'active', 'canceled')),
    since    INTEGER NOT NULL,                   -- of this status
    seen_at  INTEGER NOT NULL,
    PRIMARY KEY (store_id, user_id, raw)
) STRICT, WITHOUT ROWID;

-- One row per store; an empty listing that was believed leaves a row here and none above.
CREATE TABLE subscription_listing (
    store_id    TEXT    NOT NULL PRIMARY KEY,
    accepted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
