#include "core/finding.h"

#include "base/attr.h"
#include "base/codec.h"
#include "base/crypt.h"
#include "base/utf8.h"

/* What a command needs to know; an empty one falls back to the list of findings. */
enum needs { NEEDS_NOTHING, NEEDS_ENTITLEMENT, NEEDS_PERSON, NEEDS_BOTH };

/* How the next command reads: %e is the entitlement, %p the person. */
static const struct {
    const char *name;
    const char *command;
    enum needs needs;
} kinds[FINDING_KIND_COUNT] = {
    [FINDING_UNMANAGED_MEMBER] = {"unmanaged_member", "adopt -e %e --out adopt.csv",
                                  NEEDS_ENTITLEMENT},
    [FINDING_MISSING_MEMBER] = {"missing_member", "plan -e %e", NEEDS_ENTITLEMENT},
    [FINDING_OVERDUE_REMOVAL] = {"overdue_removal", "plan -e %e", NEEDS_ENTITLEMENT},
    [FINDING_REMOVED_OUTSIDE] = {"removed_outside",
                                 "request revoke %p -e %e --reason \"removed by other hands\"",
                                 NEEDS_BOTH},
    [FINDING_LATE_HOP] = {"late_hop", "explain %p", NEEDS_PERSON},
    [FINDING_LINGERING_SEAT] = {"lingering_seat", "explain %p", NEEDS_PERSON},
    [FINDING_ORPHAN_SUBSCRIPTION] = {"orphan_subscription", "explain %p", NEEDS_PERSON},
    [FINDING_ORPHAN_GRANT] = {"orphan_grant", "check", NEEDS_NOTHING},
    [FINDING_WRONG_PLAN] = {"wrong_plan", "explain %p", NEEDS_PERSON},
    [FINDING_UNKNOWN_PLAN] = {"unknown_plan", "doctor", NEEDS_NOTHING},
    [FINDING_DOUBLE_SEAT] = {"double_seat", "explain %p", NEEDS_PERSON},
    [FINDING_UNUSED_SEAT] = {"unused_seat", "request revoke %p -e %e --reason \"unused\"",
                             NEEDS_BOTH},
    [FINDING_INACTIVE_PERSON] = {"inactive_person",
                                 "request revoke %p -e %e --reason \"inactive in Okta\"",
                                 NEEDS_BOTH},
    [FINDING_PERSON_GONE] = {"person_gone", "explain %p", NEEDS_PERSON},
    [FINDING_INELIGIBLE_HOLDER] = {"ineligible_holder",
                                   "request revoke %p -e %e --reason \"no longer eligible\"",
                                   NEEDS_BOTH},
    [FINDING_IDENTITY_CONFLICT] = {"identity_conflict", "explain %p", NEEDS_PERSON},
    [FINDING_GROUP_CHANGED] = {"group_changed", "doctor", NEEDS_NOTHING},
    [FINDING_RULE_ON_GROUP] = {"rule_on_group", "doctor", NEEDS_NOTHING},
    [FINDING_SCIM_BROKEN] = {"scim_broken", "doctor", NEEDS_NOTHING},
    [FINDING_SCIM_EXPIRING] = {"scim_expiring", "doctor", NEEDS_NOTHING},
    [FINDING_SHRUNK_LISTING] = {"shrunk_listing", "doctor", NEEDS_NOTHING},
    [FINDING_HELD_REMOVALS] = {"held_removals", "plan -e %e", NEEDS_ENTITLEMENT},
    [FINDING_SETTINGS_CHANGED] = {"settings_changed", "plan", NEEDS_NOTHING},
    [FINDING_FOREIGN_SELF] = {"foreign_self", "doctor", NEEDS_NOTHING},
    [FINDING_INSTANCE_CHANGED] = {"instance_changed", "doctor", NEEDS_NOTHING},
    [FINDING_CLOCK] = {"clock", "doctor", NEEDS_NOTHING},
    [FINDING_FLAPPING] = {"flapping", "explain %p", NEEDS_PERSON},
    [FINDING_HALTED_ROLLOUT] = {"halted_rollout", "rollout status", NEEDS_NOTHING},
    [FINDING_REMOTE_UNAVAILABLE] = {"remote_unavailable", "doctor", NEEDS_NOTHING},
};

static const char *const severities[] = {
    [SEVERITY_INFO] = "info", [SEVERITY_TICKET] = "ticket", [SEVERITY_PAGE] = "page"};

const char *finding_kind_name(enum finding_kind kind)
{
    return (size_t)kind < ARRAY_LEN(kinds) ? kinds[kind].name : "unknown";
}

bool finding_kind_parse(struct str word, enum finding_kind *out)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_is(word, kinds[i].name)) {
            *out = (enum finding_kind)i;
            return true;
        }
    }
    return false;
}

const char *severity_name(enum severity severity)
{
    return (size_t)severity < ARRAY_LEN(severities) ? severities[severity] : "unknown";
}

bool severity_parse(struct str word, enum severity *out)
{
    for (size_t i = 0; i < ARRAY_LEN(severities); i++) {
        if (str_is(word, severities[i])) {
            *out = (enum severity)i;
            return true;
        }
    }
    return false;
}

void finding_make_key(struct finding *finding, struct arena *arena)
{
    struct sha256 sha;
    char hex[SHA256_HEX];

    /* What it is about, not how it stands today: cause, cost and words may change from run to run
     * and it is still the same finding. */
    sha256_init(&sha);
    sha256_add_field(&sha, str_of(finding_kind_name(finding->kind)));
    sha256_add_field(&sha, finding->entitlement);
    sha256_add_field(&sha, finding->person);
    sha256_add_field(&sha, finding->group);
    sha256_add_field(&sha, finding->hop);
    if (finding->variant.len > 0)
        sha256_add_field(&sha, finding->variant);
    sha256_done_hex(&sha, hex);
    finding->key = arena_str(arena, str_of(hex));
}

struct str finding_make_id(struct str key, unsigned tries, struct arena *arena)
{
    unsigned char digest[SHA256_SIZE] = {0};
    unsigned most = SHA256_SIZE * 8 / 5;
    unsigned letters = tries < most - 3 ? 3 + tries : most;
    struct str bytes;

    if (hex_decode(key, arena, &bytes) && bytes.len == sizeof(digest)) {
        for (size_t i = 0; i < sizeof(digest); i++)
            digest[i] = (unsigned char)bytes.ptr[i];
    } else {
        sha256_of(key, digest);
    }
    return arena_printf(arena, "F-%.*s", STR_ARG(base32_id(digest, letters, arena)));
}

static bool is_plain(struct str word)
{
    if (word.len == 0 || word.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!is_alnum && !str_has(STR("@._+-"), c))
            return false;
    }
    return true;
}

struct str command_word(struct str word, struct arena *arena)
{
    struct str shown = utf8_printable(word, arena);
    struct str out = STR("'");

    if (is_plain(shown))
        return shown;
    if (shown.len == 0)
        return STR("''");
    for (struct str rest = shown; rest.ptr;) {
        struct str part = str_cut(&rest, '\'');

        out = arena_printf(arena, "%.*s%.*s%s", STR_ARG(out), STR_ARG(part),
                           rest.ptr ? "'\\''" : "'");
    }
    return out;
}

struct str command_person(struct str login, struct str id, struct arena *arena)
{
    struct str who = !is_plain(login) && id.len > 0 ? id : login;

    return who.len > 0 ? command_word(who, arena) : who;
}

static struct str fill_in(const char *template, struct str ent, struct str person,
                          struct arena *arena)
{
    struct str rest = str_of(template);
    struct str out = STR("seatkeeper ");

    while (rest.ptr) {
        struct str part = str_cut(&rest, '%');
        struct str word = {0};

        if (rest.len > 0) {
            word = rest.ptr[0] == 'e' ? ent : person;
            rest = str_sub(rest, 1, rest.len);
        }
        out = arena_printf(arena, "%.*s%.*s%.*s", STR_ARG(out), STR_ARG(part), STR_ARG(word));
    }
    return out;
}

struct str finding_make_command(const struct finding *finding, struct arena *arena)
{
    struct str person = command_person(finding->login, finding->person, arena);
    struct str ent = finding->entitlement;
    enum needs needs = kinds[finding->kind].needs;

    if (finding->may_ack && finding->id.len > 0)
        return arena_printf(arena, "seatkeeper ack %.*s --reason \"...\"", STR_ARG(finding->id));
    if (ent.len > 0)
        ent = command_word(ent, arena);
    if (((needs == NEEDS_PERSON || needs == NEEDS_BOTH) && person.len == 0) ||
        ((needs == NEEDS_ENTITLEMENT || needs == NEEDS_BOTH) && ent.len == 0)) {
        if (ent.len > 0)
            return arena_printf(arena, "seatkeeper drift -e %.*s", STR_ARG(ent));
        return STR("seatkeeper drift");
    }
    return fill_in(kinds[finding->kind].command, ent, person, arena);
}

int finding_compare(const struct finding *a, const struct finding *b)
{
    int order;

    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if ((order = str_cmp(a->entitlement, b->entitlement)) != 0 ||
        (order = str_cmp(a->login, b->login)) != 0 ||
        (order = str_cmp(a->person, b->person)) != 0 ||
        (order = str_cmp(a->group, b->group)) != 0 || (order = str_cmp(a->hop, b->hop)) != 0)
        return order;
    return str_cmp(a->variant, b->variant);
}
