#include <stdlib.h>
#include <string.h>

#include "sim/sim_idc.h"

/* One push arrives: what it does over there, and what Okta's System Log says of it. */

#define REFUSED "Error calling the SCIM server: 401 Unauthorized"

/* ---- the log ---- */

static void log_push(struct sim *sim, const struct sim_push *push, const char *type,
                     uint32_t person, const char *failure)
{
    struct sim_event event = {
        .at_ms = push->due_ms + sim_cloud(sim) - sim_boot(sim),
        .actor = sim_actor_system(sim),
        .type = type,
        .person = person,
        .group = push->group,
        .app = (uint32_t)sim_scim_app(sim) + 1,
        .failed = failure != NULL,
        .reason = str_of(failure),
    };

    if (failure)
        sim->idc->scim.n_failed++;
    if (!sim->idc->scim.silent)
        sim_log_event(sim, &event);
}

static void log_ignored(struct sim *sim, const struct sim_push *push, uint32_t person)
{
    struct sim_event event = {
        .at_ms = push->due_ms + sim_cloud(sim) - sim_boot(sim),
        .actor = sim_actor_system(sim),
        .type = "app.user_management.grouppush.mapping.okta.users.ignored",
        .person = person,
        .group = push->group,
        .app = (uint32_t)sim_scim_app(sim) + 1,
        .reason = push->kind == SIM_PUSH_MEMBER && !push->view.is_assigned
                      ? STR("The user is not assigned to the application")
                      : STR("The user is not provisioned to the application"),
    };

    if (!sim->idc->scim.silent)
        sim_log_event(sim, &event);
}

static bool is_dead(struct sim *sim, const struct sim_push *push)
{
    return sim_scim_is_dead(sim, push->due_ms + sim_cloud(sim) - sim_boot(sim));
}

/* A lag for the store, so that what is carried out late was there in time. */
static int64_t since(const struct sim *sim, const struct sim_push *push)
{
    return push->due_ms - sim_boot(sim);
}

/* ---- users ---- */

struct str sim_scim_issuer(struct sim *sim)
{
    struct sim_idc *idc = sim->idc;
    struct str instance = idc->instances[0].arn;

    if (idc->scim.issuer.len == 0) {
        while (str_has(instance, '/'))
            (void)str_cut(&instance, '/');
        idc->scim.issuer = arena_printf(&sim->org, "https://scim.aws.com/%.*s", STR_ARG(instance));
    }
    return idc->scim.issuer;
}

static bool has_bad_character(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("<>;:%", text.ptr[i]) && text.ptr[i] != '\0')
            return true;
    }
    return false;
}

static const char *refusal(const struct sim_scim_view *view)
{
    if (view->first_name.len == 0)
        return "Automatic provisioning failed: the required attribute givenName is missing";
    if (view->last_name.len == 0)
        return "Automatic provisioning failed: the required attribute familyName is missing";
    if (!has_bad_character(view->first_name) && !has_bad_character(view->last_name))
        return NULL;
    return "Automatic provisioning failed: 400 ValidationException: a name holds a character that "
           "is not allowed";
}

uint32_t sim_scim_put_user(struct sim *sim, uint32_t person, const struct sim_scim_view *view,
                           const char **why)
{
    struct sim_store *store = &sim->idc->store;
    uint32_t user = sim_find_user_of(sim, person);
    uint32_t named = sim_find_user_name(sim, view->login, true);
    struct sim_store_user to = {.created_ms = sim_cloud(sim), .updated_ms = sim_cloud(sim)};

    *why = refusal(view);
    if (*why)
        return SIM_NOBODY;
    if (named != SIM_NOBODY && named != user &&
        (user != SIM_NOBODY || store->users[named].no_link ||
         store->users[named].person != SIM_NOBODY)) {
        *why = "Automatic provisioning failed: 409 ConflictException: the userName is taken";
        return SIM_NOBODY;
    }
    if (user == SIM_NOBODY)
        user = named;
    if (user != SIM_NOBODY)
        to = store->users[user];
    to.user_name = view->login;
    to.email = view->email;
    to.given_name = view->first_name;
    to.family_name = view->last_name;
    to.display_name = (struct str){0};
    to.external_id = sim_person_id(sim_person(sim, person));
    to.issuer = sim_scim_issuer(sim);
    to.person = person;
    to.is_disabled = !view->is_active;
    if (user == SIM_NOBODY)
        return sim_user_add(sim, &to);
    sim_user_update(sim, user, &to);
    return user;
}

static void carry_user(struct sim *sim, const struct sim_push *push)
{
    bool is_in = push->view.is_assigned && push->view.is_active;
    bool is_out = !push->view.is_assigned || push->view.is_ended;
    uint32_t user = sim_find_user_of(sim, push->person);
    const char *type =
        is_in ? "application.provision.user.push" : "application.provision.user.deactivate";
    const char *why = NULL;

    if (!is_in && (!is_out || user == SIM_NOBODY))
        return;
    if (is_dead(sim, push)) {
        log_push(sim, push, type, push->person, REFUSED);
        return;
    }
    if (is_in) {
        user = sim_scim_put_user(sim, push->person, &push->view, &why);
        if (user != SIM_NOBODY)
            sim_subs_on_able(sim, user, true, push->due_ms);
    } else {
        sim_subs_on_able(sim, user, false, push->due_ms);
        sim->idc->store.users[user].is_disabled = true;
        sim->idc->store.users[user].updated_ms = sim_cloud(sim);
    }
    log_push(sim, push, type, push->person, why);
}

/* ---- groups ---- */

uint32_t sim_scim_make_group(struct sim *sim, uint32_t group, struct str name)
{
    struct sim_store_group made = {
        .name = name,
        .external_id = sim_group_id(sim_group(sim, group)),
        .issuer = sim_scim_issuer(sim),
        .created_ms = sim_cloud(sim),
        .updated_ms = sim_cloud(sim),
    };

    return sim_store_group_add(sim, &made);
}

void sim_scim_clash(struct sim *sim, struct sim_mapping *mapping)
{
    if (sim->idc->scim.silent_clash)
        return;
    mapping->status = SIM_MAPPING_ERROR;
    mapping->error = STR("A group with this name exists in the application: link the group");
    mapping->updated_ms = sim_cloud(sim);
}

bool sim_scim_link(struct sim *sim, uint32_t group)
{
    struct sim_mapping *mapping = sim_scim_mapping(sim, group);
    uint32_t there = sim_find_store_name(sim, sim_group(sim, group)->name);

    if (!mapping || there == SIM_NOBODY)
        return false;
    sim->idc->store.groups[there].external_id = sim_group_id(sim_group(sim, group));
    sim->idc->store.groups[there].issuer = sim_scim_issuer(sim);
    mapping->store_group = there;
    mapping->status = SIM_MAPPING_ACTIVE;
    mapping->error = (struct str){0};
    mapping->updated_ms = sim_cloud(sim);
    sim_scim_push_group(sim, group, INT64_MIN);
    return true;
}

/* The group over there, made when it is missing; SIM_NOBODY: it cannot be pushed to. */
static uint32_t target_of(struct sim *sim, const struct sim_push *push, struct sim_mapping *mapping)
{
    uint32_t there = mapping->store_group;

    if (there != SIM_NOBODY && !sim->idc->store.groups[there].is_deleted)
        return there;
    if (push->kind != SIM_PUSH_GROUP)
        return SIM_NOBODY;
    if (sim_find_store_name(sim, push->name) != SIM_NOBODY) {
        sim_scim_clash(sim, mapping);
        if (!sim->idc->scim.silent_clash) {
            log_push(sim, push,
                     "application.provision.group_push.mapping.update.or.delete.failed.with.error",
                     SIM_NOBODY, "A group with this name exists in the application");
        }
        return SIM_NOBODY;
    }
    mapping->store_group = sim_scim_make_group(sim, push->group, push->name);
    return mapping->store_group;
}

/* False: SCIM has no such user to put into a group, or he is disabled there. */
static bool join(struct sim *sim, const struct sim_push *push, uint32_t there, uint32_t person)
{
    uint32_t user = sim_find_user_of(sim, person);

    if (user == SIM_NOBODY || sim->idc->store.users[user].is_disabled)
        return false;
    (void)sim_store_join(sim, there, user, since(sim, push));
    return true;
}

static void carry_member(struct sim *sim, const struct sim_push *push, struct sim_mapping *mapping)
{
    uint32_t there = target_of(sim, push, mapping);
    uint32_t user = sim_find_user_of(sim, push->person);
    int64_t user_due = sim_scim_waits(sim, push->person, SIM_NOBODY, push->due_ms);

    if (there == SIM_NOBODY)
        return;
    if (is_dead(sim, push)) {
        log_push(sim, push,
                 push->added ? "application.provision.group_membership.add"
                             : "application.provision.group_membership.remove",
                 push->person, REFUSED);
        return;
    }
    if (push->added && user == SIM_NOBODY && user_due > push->due_ms) {
        /* The person himself is still on his way. A newer push of this membership decides. */
        if (sim_scim_waits(sim, push->person, push->group, user_due) == INT64_MIN)
            sim_scim_again(sim, push, user_due);
        return;
    }
    if (push->added && !join(sim, push, there, push->person)) {
        log_ignored(sim, push, push->person);
        return;
    }
    if (!push->added && user != SIM_NOBODY) {
        uint32_t membership = sim_store_member(sim, there, user);

        if (membership != SIM_NOBODY)
            sim_store_leave(sim, membership, since(sim, push));
    }
    mapping->last_push_ms = push->due_ms + sim_cloud(sim) - sim_boot(sim);
    log_push(sim, push, "application.provision.group_push.push_memberships", push->person, NULL);
}

/* ---- a group whole ---- */

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* Who is in it over there and is not among `push->people`, sorted by number here, goes. */
static void drop_others(struct sim *sim, const struct sim_push *push, uint32_t there)
{
    const struct sim_store *store = &sim->idc->store;
    const struct sim_store_group *group = &store->groups[there];
    uint32_t *gone = arena_array(&sim->scratch, uint32_t, group->n + 1);
    size_t n = 0;

    for (size_t i = 0; i < group->n; i++) {
        const struct sim_membership *member = &store->members[group->list[i]];
        uint32_t person =
            member->user != SIM_NOBODY ? store->users[member->user].person : SIM_NOBODY;

        if (member->gone_ms == 0 && member->user != SIM_NOBODY &&
            (person == SIM_NOBODY || push->n_people == 0 ||
             !bsearch(&person, push->people, push->n_people, sizeof(person), by_number)))
            gone[n++] = group->list[i];
    }
    for (size_t i = 0; i < n; i++)
        sim_store_leave(sim, gone[i], since(sim, push));
}

static void carry_group(struct sim *sim, const struct sim_push *push, struct sim_mapping *mapping)
{
    uint32_t there;

    if (is_dead(sim, push)) {
        log_push(sim, push, "application.provision.group_push.mapping.update.or.delete.failed",
                 SIM_NOBODY, REFUSED);
        return;
    }
    there = target_of(sim, push, mapping);
    if (there == SIM_NOBODY)
        return;
    sim->idc->store.groups[there].name = push->name;
    qsort(push->people, push->n_people, sizeof(*push->people), by_number);
    drop_others(sim, push, there);
    for (size_t i = 0; i < push->n_people; i++) {
        if (!join(sim, push, there, push->people[i]))
            log_ignored(sim, push, push->people[i]);
    }
    mapping->last_push_ms = push->due_ms + sim_cloud(sim) - sim_boot(sim);
    log_push(sim, push, "application.provision.group_push.push_memberships", SIM_NOBODY, NULL);
}

static void carry_name(struct sim *sim, const struct sim_push *push, struct sim_mapping *mapping)
{
    uint32_t there = target_of(sim, push, mapping);

    if (there == SIM_NOBODY)
        return;
    if (is_dead(sim, push)) {
        log_push(sim, push, "application.provision.group_push.mapping.update.or.delete.failed",
                 SIM_NOBODY, REFUSED);
        return;
    }
    sim->idc->store.groups[there].name = push->name;
    sim->idc->store.groups[there].updated_ms = sim_cloud(sim);
}

void sim_scim_carry(struct sim *sim, const struct sim_push *push)
{
    struct sim_mapping *mapping;

    sim->idc->scim.n_carried++;
    if (push->kind == SIM_PUSH_USER) {
        carry_user(sim, push);
        return;
    }
    mapping = sim_scim_mapping(sim, push->group);
    if (!mapping || mapping->status != SIM_MAPPING_ACTIVE)
        return;
    if (push->kind == SIM_PUSH_MEMBER) {
        carry_member(sim, push, mapping);
    } else if (push->kind == SIM_PUSH_GROUP) {
        carry_group(sim, push, mapping);
    } else {
        carry_name(sim, push, mapping);
    }
}
