#include "core/request.h"

#include "base/arena.h"
#include "base/attr.h"
#include "base/crypt.h"

static const char *const kinds[] = {
    [REQUEST_GRANT] = "grant",
    [REQUEST_REVOKE] = "revoke",
    [REQUEST_CHANGE] = "change",
    [REQUEST_RENEW] = "renew",
};

static const char *const states[] = {
    [REQUEST_FILED] = "filed",
    [REQUEST_AWAITING_CONFIRMATION] = "awaiting_confirmation",
    [REQUEST_AWAITING_APPROVAL] = "awaiting_approval",
    [REQUEST_ACCEPTED] = "accepted",
    [REQUEST_DENIED] = "denied",
    [REQUEST_LAPSED] = "lapsed",
    [REQUEST_CANCELLED] = "cancelled",
};

static const struct {
    const char *name;
    bool is_asked, is_inferred;
} causes[] = {
    [CAUSE_GRANTED] = {"granted", false, false},
    [CAUSE_BLOCKED] = {"blocked", true, false},
    [CAUSE_REVOKED] = {"revoked", true, false},
    [CAUSE_RETURNED] = {"returned", true, false},
    [CAUSE_INACTIVE] = {"inactive", false, true},
    [CAUSE_EXPIRED] = {"expired", false, false},
    [CAUSE_MOVED] = {"moved", false, false},
    [CAUSE_INELIGIBLE] = {"ineligible", false, true},
    [CAUSE_UNMANAGED] = {"unmanaged", false, true},
    [CAUSE_ASSIGNMENT] = {"assignment", false, false},
};

/* One bit for each state that may come next. The way leads forward only: what was learned since (a
 * plan taken meanwhile, a lost eligibility) holds a request where it is. */
#define TO(state) (1U << REQUEST_##state)
#define CLOSED    (TO(ACCEPTED) | TO(DENIED) | TO(LAPSED) | TO(CANCELLED))
static const unsigned moves[] = {
    [REQUEST_FILED] = TO(AWAITING_CONFIRMATION) | TO(AWAITING_APPROVAL) | CLOSED,
    [REQUEST_AWAITING_CONFIRMATION] = TO(AWAITING_APPROVAL) | CLOSED,
    [REQUEST_AWAITING_APPROVAL] = CLOSED,
    [REQUEST_ACCEPTED] = 0,
    [REQUEST_DENIED] = 0,
    [REQUEST_LAPSED] = 0,
    [REQUEST_CANCELLED] = 0,
};

static bool word_index(const char *const *words, size_t n, struct str word, size_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(word, words[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

const char *request_kind_name(enum request_kind kind)
{
    return (size_t)kind < ARRAY_LEN(kinds) ? kinds[kind] : "unknown";
}

bool request_kind_parse(struct str word, enum request_kind *out)
{
    size_t i;

    if (!word_index(kinds, ARRAY_LEN(kinds), word, &i))
        return false;
    *out = (enum request_kind)i;
    return true;
}

const char *request_state_name(enum request_state state)
{
    return (size_t)state < ARRAY_LEN(states) ? states[state] : "unknown";
}

bool request_state_parse(struct str word, enum request_state *out)
{
    size_t i;

    if (!word_index(states, ARRAY_LEN(states), word, &i))
        return false;
    *out = (enum request_state)i;
    return true;
}

bool request_state_is_open(enum request_state state)
{
    return (size_t)state < ARRAY_LEN(moves) && moves[state] != 0;
}

bool request_may_move(enum request_state from, enum request_state to)
{
    return (size_t)from < ARRAY_LEN(moves) && (size_t)to < ARRAY_LEN(states) &&
           (moves[from] & (1U << to)) != 0;
}

struct str request_content_digest(const struct request *request, struct arena *arena)
{
    struct sha256 sha;
    char hex[SHA256_HEX];

    /* What was asked, and nothing that is found out later: `who` as written, not the person it
     * resolves to, so that the digest is the same before and after Okta was asked. */
    sha256_init(&sha);
    sha256_add_field(&sha, str_of(request_kind_name(request->kind)));
    sha256_add_field(&sha, request->who);
    sha256_add_field(&sha, request->entitlement);
    sha256_add_field(&sha, request->plan);
    sha256_add_i64(&sha, request->from_ms);
    sha256_add_i64(&sha, request->until_ms);
    sha256_add_i64(&sha, request->for_ms);
    sha256_add_field(&sha, request->reason);
    sha256_add_i64(&sha, request->confirm_one_way);
    sha256_done_hex(&sha, hex);
    return arena_str(arena, str_of(hex));
}

const char *cause_name(enum cause cause)
{
    return (size_t)cause < ARRAY_LEN(causes) ? causes[cause].name : "unknown";
}

bool cause_parse(struct str word, enum cause *out)
{
    for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
        if (str_is(word, causes[i].name)) {
            *out = (enum cause)i;
            return true;
        }
    }
    return false;
}

bool cause_is_asked(enum cause cause)
{
    return (size_t)cause < ARRAY_LEN(causes) && causes[cause].is_asked;
}

bool cause_is_inferred(enum cause cause)
{
    return (size_t)cause < ARRAY_LEN(causes) && causes[cause].is_inferred;
}

bool grant_is_live(const struct grant *grant, int64_t t)
{
    return grant->from_ms <= t && t < grant->until_ms &&
           (grant->ended_at == 0 || t < grant->ended_at);
}

bool grant_is_ahead(const struct grant *grant, int64_t t)
{
    /* One that ends before it would begin never counts. */
    return t < grant->from_ms && grant->from_ms < grant->until_ms &&
           (grant->ended_at == 0 || grant->from_ms < grant->ended_at);
}
