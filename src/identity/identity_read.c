/* The instance, and groups one by one (contract 3.2 and 4). */

#include "base/attr.h"
#include "base/buf.h"
#include "base/vec.h"
#include "identity/identity_call.h"
#include "identity/identity_page.h"
#include "identity/identity_wire.h"

#define NAMED_AT_MOST 10
#define NAME_MAX      4096

/* ---- the instance ---- */

struct instances {
    struct arena *arena;
    VEC_OF(struct identity_instance) seen; /* each ARN once */
};

static bool is_seen(const struct instances *of, struct str arn)
{
    for (size_t i = 0; i < of->seen.n; i++) {
        if (str_eq(of->seen.items[i].arn, arn))
            return true;
    }
    return false;
}

static bool take_instances(struct identity_walk *walk, struct str body, struct arena *scratch,
                           struct str *token, struct err *err)
{
    struct instances *of = walk->self;
    struct identity_instances page;

    if (!identity_wire_instances(body, scratch, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++) {
        const struct identity_instance *from = &page.items[i];
        if (is_seen(of, from->arn))
            continue;
        VEC_PUSH(of->arena, &of->seen,
                 ((struct identity_instance){
                     .answer = IDENTITY_FOUND,
                     .arn = arena_str(of->arena, from->arn),
                     .store_id = arena_str(of->arena, from->store_id),
                     .owner = arena_str(of->arena, from->owner),
                     .primary_region = arena_str(of->arena, from->primary_region),
                     .status = arena_str(of->arena, from->status),
                 }));
    }
    *token = page.token;
    return true;
}

static void forget_instances(struct identity_walk *walk)
{
    struct instances *of = walk->self;

    of->seen.n = 0;
}

/* `A, B and 3 more`, or `none`; in arena. */
static struct str names_of(const struct instances *of, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf text = {0};

    if (of->seen.n == 0)
        return STR("none");
    for (size_t i = 0; i < of->seen.n && i < NAMED_AT_MOST; i++)
        buf_printf(&text, "%s%.*s", i > 0 ? ", " : "", STR_ARG(of->seen.items[i].arn));
    if (of->seen.n > NAMED_AT_MOST)
        buf_printf(&text, " and %zu more", of->seen.n - NAMED_AT_MOST);
    return arena_str(arena, buf_str(&text));
}

static const struct identity_instance *find_arn(const struct instances *of, struct str arn)
{
    for (size_t i = 0; i < of->seen.n; i++) {
        if (str_eq(of->seen.items[i].arn, arn))
            return &of->seen.items[i];
    }
    return NULL;
}

/* The configured one, else the only one. */
static const struct identity_instance *choose(const struct instances *of, struct str configured,
                                              struct arena *arena, struct identity_instance *out)
{
    const struct identity_instance *chosen = NULL;
    struct str visible = names_of(of, arena);

    if (configured.len > 0) {
        chosen = find_arn(of, configured);
        if (!chosen) {
            out->answer = IDENTITY_NONE;
            out->why = arena_printf(arena,
                                    "ListInstances: the configured instance %.*s is not visible to "
                                    "these credentials; visible: %.*s",
                                    STR_ARG(configured), STR_ARG(visible));
        }
    } else if (of->seen.n == 1) {
        chosen = &of->seen.items[0];
    } else if (of->seen.n == 0) {
        out->answer = IDENTITY_NONE;
        out->why = STR("ListInstances: no instance of Identity Center is visible to these "
                       "credentials in this region");
    } else {
        out->answer = IDENTITY_AMBIGUOUS;
        out->why = arena_printf(arena,
                                "ListInstances: several instances are visible and none is "
                                "configured: %.*s",
                                STR_ARG(visible));
    }
    return chosen;
}

static struct str or_else(struct str text, const char *instead)
{
    return text.len > 0 ? text : str_of(instead);
}

/* Why nothing may be written there; empty: it may. */
static struct str find_obstacle(const struct identity_instance *instance, struct str region,
                                struct arena *arena)
{
    struct str status = or_else(instance->status, "not told");
    struct str primary = instance->primary_region;

    if (!str_is(status, "ACTIVE")) {
        return arena_printf(arena, "the instance %.*s cannot be written: its status is %.*s",
                            STR_ARG(instance->arn), STR_ARG(status));
    }
    if (primary.len == 0 || str_eq(primary, region))
        return (struct str){0};
    region = or_else(region, "no region");
    return arena_printf(arena,
                        "the instance %.*s cannot be written from %.*s: its primary region is %.*s",
                        STR_ARG(instance->arn), STR_ARG(region), STR_ARG(primary));
}

static void take_over(struct identity *identity, const struct identity_instance *chosen,
                      struct arena *arena, struct identity_instance *out)
{
    *out = (struct identity_instance){
        .answer = IDENTITY_FOUND,
        .arn = arena_str(arena, chosen->arn),
        .store_id = arena_str(arena, chosen->store_id),
        .owner = arena_str(arena, chosen->owner),
        .primary_region = arena_str(arena, chosen->primary_region),
        .status = arena_str(arena, chosen->status),
        .why = find_obstacle(chosen, identity->options.region, arena),
    };
    out->writable = out->why.len == 0;
    identity->store_id = arena_str(&identity->run, chosen->store_id);
    identity->unwritable = out->writable ? (struct str){0} : arena_str(&identity->run, out->why);
}

static void begin_run(struct identity *identity)
{
    arena_reset(&identity->run, 0);
    identity->store_id = (struct str){0};
    identity->denied = (struct str){0};
    identity->unwritable = STR("it is not known which instance of Identity Center is ours");
    identity->no_is_member = false;
    identity->no_membership_id = false;
    identity->no_describe_membership = false;
}

bool identity_read_instance(struct identity *identity, struct arena *arena,
                            struct identity_instance *out, struct err *err)
{
    struct instances of = {.arena = &identity->call};
    struct identity_walk walk = {
        .service = AWS_SSO,
        .operation = "ListInstances",
        .body = STR("{}"),
        .page = take_instances,
        .forget = forget_instances,
        .self = &of,
    };
    const struct identity_instance *chosen;

    identity_begin(identity);
    begin_run(identity);
    if (!identity_walk_all(identity, &walk, 1, arena, err))
        return err_wrap(err, "reading the instance of Identity Center");
    *out = (struct identity_instance){.answer = walk.answer, .why = walk.why};
    if (walk.state != IDENTITY_WALK_WHOLE)
        return true;
    chosen = choose(&of, identity->options.instance_arn, arena, out);
    if (chosen)
        take_over(identity, chosen, arena, out);
    return true;
}

/* ---- groups ---- */

struct group_search {
    struct identity *identity;
    const struct str *keys; /* names or ids */
    bool by_name;
    struct arena *arena;
    struct identity_group *out; /* FOUND with an id: it is to be described yet */
};

static void take_trouble(struct group_search *search, size_t i, const struct identity_reply *reply)
{
    search->out[i] = (struct identity_group){.answer = reply->answer,
                                             .why = arena_str(search->arena, reply->why)};
}

static void take_odd(struct group_search *search, size_t i, const struct identity_reply *reply,
                     const struct err *odd)
{
    search->out[i] = (struct identity_group){
        .why = identity_oddity(reply->call, reply->said, odd, search->arena)};
}

static struct str ask_group_id(void *self, size_t i, struct arena *arena)
{
    const struct group_search *search = self;

    if (search->out[i].answer != IDENTITY_FOUND)
        return (struct str){0};
    return identity_wire_by_attribute(search->identity->store_id, "displayName", search->keys[i],
                                      arena);
}

static void take_group_id(void *self, size_t i, const struct identity_reply *reply)
{
    struct group_search *search = self;
    struct err odd = {0};

    if (reply->answer != IDENTITY_FOUND) {
        take_trouble(search, i, reply);
    } else if (!identity_wire_id(reply->body, search->identity->store_id, "GroupId", search->arena,
                                 &search->out[i].id, &odd)) {
        take_odd(search, i, reply, &odd);
    }
}

static struct str ask_group(void *self, size_t i, struct arena *arena)
{
    const struct group_search *search = self;

    if (search->out[i].answer != IDENTITY_FOUND)
        return (struct str){0};
    return identity_wire_by_id(search->identity->store_id, "GroupId", search->out[i].id, arena);
}

static void take_group(void *self, size_t i, const struct identity_reply *reply)
{
    struct group_search *search = self;
    struct identity_group *out = &search->out[i];
    struct identity_group group;
    struct err odd = {0};

    if (reply->answer != IDENTITY_FOUND) {
        take_trouble(search, i, reply);
    } else if (!identity_wire_group(reply->body, search->identity->store_id, search->arena, &group,
                                    &odd)) {
        take_odd(search, i, reply, &odd);
    } else if (!str_eq(group.id, out->id)) {
        (void)err_set(&odd, ERR_REMOTE, "GroupId: the answer is about another group");
        take_odd(search, i, reply, &odd);
    } else if (search->by_name && !str_eq(group.name, search->keys[i])) {
        *out = (struct identity_group){
            .answer = IDENTITY_NONE,
            .why = arena_printf(search->arena,
                                "GetGroupId: no group has exactly this name, but %.*s "
                                "is called %.*s",
                                STR_ARG(group.id), STR_ARG(group.name)),
        };
    } else {
        *out = group;
    }
}

/* What cannot be a key is not asked for. */
static void prepare_groups(struct group_search *search, size_t n)
{
    enum identity_answer instead = IDENTITY_UNKNOWN;
    struct str why = {0};
    bool may = identity_may_ask(search->identity, &instead, &why);

    for (size_t i = 0; i < n; i++) {
        struct str key = search->keys[i];
        bool fine = search->by_name ? key.len > 0 && key.len <= NAME_MAX : identity_wire_is_id(key);
        if (!may) {
            search->out[i] =
                (struct identity_group){.answer = instead, .why = arena_str(search->arena, why)};
        } else if (!fine) {
            search->out[i] = (struct identity_group){
                .answer = IDENTITY_NONE,
                .why = search->by_name ? STR("this cannot be the name of a group")
                                       : STR("this is not the id of a group"),
            };
        } else {
            search->out[i] = (struct identity_group){
                .answer = IDENTITY_FOUND,
                .id = search->by_name ? (struct str){0} : key,
            };
        }
    }
}

static bool search_groups(struct group_search *search, size_t n, struct err *err)
{
    const struct identity_questions ids = {
        .operation = "GetGroupId",
        .type = "GROUP",
        .ask = ask_group_id,
        .take = take_group_id,
        .self = search,
    };
    const struct identity_questions groups = {
        .operation = "DescribeGroup",
        .type = "GROUP",
        .ask = ask_group,
        .take = take_group,
        .self = search,
    };
    struct identity *identity = search->identity;

    identity_begin(identity);
    prepare_groups(search, n);
    if ((search->by_name && !identity_ask_all(identity, &ids, n, err)) ||
        !identity_ask_all(identity, &groups, n, err))
        return err_wrap(err, "reading groups of Identity Center");
    for (size_t i = 0; identity->denied.len > 0 && i < n; i++) {
        search->out[i] = (struct identity_group){.answer = IDENTITY_FORBIDDEN,
                                                 .why = arena_str(search->arena, identity->denied)};
    }
    return true;
}

bool identity_find_groups(struct identity *identity, const struct str *names, size_t n,
                          struct arena *arena, struct identity_group *out, struct err *err)
{
    struct group_search search = {
        .identity = identity, .keys = names, .by_name = true, .arena = arena, .out = out};

    return search_groups(&search, n, err);
}

bool identity_get_groups(struct identity *identity, const struct str *ids, size_t n,
                         struct arena *arena, struct identity_group *out, struct err *err)
{
    struct group_search search = {
        .identity = identity, .keys = ids, .by_name = false, .arena = arena, .out = out};

    return search_groups(&search, n, err);
}
