#include "engine/observe.h"
#include "ledger/ledger_finding.h"

/* Is it the same cloud as ever? Asked before any credential leaves the machine. */

static bool is_acked(const struct ack *acks, size_t n, struct str subject)
{
    for (size_t i = 0; i < n; i++) {
        if (acks[i].kind == FINDING_INSTANCE_CHANGED && str_eq(acks[i].subject, subject))
            return true;
    }
    return false;
}

/* The subject of an acknowledgement: exactly this URL with exactly this org. */
static struct str subject_of(struct str url, struct str org, struct arena *arena)
{
    return arena_printf(arena, "%.*s %.*s", STR_ARG(url), STR_ARG(org));
}

static bool remember(struct ledger *ledger, const struct actor *actor, struct str url,
                     struct str org, struct err *err)
{
    return ledger_meta_set(ledger, actor, "okta_url", url, err) &&
           ledger_meta_set(ledger, actor, "okta_org", org, err);
}

bool observe_instance(const struct world *world, bool dry, const struct actor *actor,
                      struct arena *arena, struct seen_instance *out, struct err *err)
{
    struct str known_url, known_org;
    struct okta_org org;

    *out = (struct seen_instance){.url = world->settings->okta.url};
    if (!ledger_meta_get(world->ledger, "okta_url", arena, &known_url, err) ||
        !ledger_meta_get(world->ledger, "okta_org", arena, &known_org, err) ||
        !okta_read_org(world->okta, arena, &org, err))
        return false;
    if (org.answer == OKTA_UNKNOWN) {
        out->unreadable = true;
        out->why =
            arena_printf(arena, "Okta's organisation could not be read: %.*s", STR_ARG(org.why));
        return true;
    }
    out->org = org.id;
    /* The organisation is remembered last: a process that died before has agreed to nothing. */
    if (known_url.len == 0 || (known_org.len == 0 && str_eq(known_url, out->url))) {
        out->ok = true;
        return dry || remember(world->ledger, actor, out->url, org.id, err);
    }
    out->ok = str_eq(known_url, out->url) && str_eq(known_org, org.id);
    if (out->ok)
        return true;

    const struct ack *acks;
    size_t n_acks;
    if (!ledger_load_acks(world->ledger, arena, &acks, &n_acks, err))
        return false;
    if (is_acked(acks, n_acks, subject_of(out->url, org.id, arena))) {
        out->ok = true;
        return dry || remember(world->ledger, actor, out->url, org.id, err);
    }
    out->changed = true;
    out->why = arena_printf(
        arena, "the ledger knows Okta as %.*s (%.*s), the settings lead to %.*s (%.*s)",
        STR_ARG(known_url), STR_ARG(known_org), STR_ARG(out->url), STR_ARG(org.id));
    return true;
}
