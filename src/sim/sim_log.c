#include <stdlib.h>
#include <string.h>

#include "sim/sim_state.h"

#define MAX_EVENTS ((size_t)500000)

static bool same_actor(const struct sim_actor *a, const struct sim_actor *b)
{
    return a->kind == b->kind && str_eq(a->id, b->id) && str_eq(a->alternate, b->alternate) &&
           str_eq(a->token_id, b->token_id);
}

const struct sim_actor *sim_actor(struct sim *sim, const struct sim_actor *like)
{
    /* The newest are the likeliest. */
    for (size_t i = sim->n_actors; i-- > 0;) {
        if (same_actor(sim->actors[i], like))
            return sim->actors[i];
    }

    struct sim_actor *actor = arena_new(&sim->texts, struct sim_actor);
    *actor = (struct sim_actor){
        .kind = like->kind,
        .id = arena_str(&sim->texts, like->id),
        .alternate = arena_str(&sim->texts, like->alternate),
        .display = arena_str(&sim->texts, like->display),
        .token_id = arena_str(&sim->texts, like->token_id),
    };
    if (sim->n_actors == sim->cap_actors) {
        sim->cap_actors = sim->cap_actors > 0 ? sim->cap_actors * 2 : 8;
        sim->actors = realloc(sim->actors, sim->cap_actors * sizeof(const struct sim_actor *));
        if (!sim->actors)
            abort();
    }
    sim->actors[sim->n_actors++] = actor;
    return actor;
}

const struct sim_actor *sim_actor_system(struct sim *sim)
{
    return sim_actor(sim, &(struct sim_actor){.kind = SIM_ACTOR_SYSTEM,
                                              .id = STR("okta-system"),
                                              .alternate = STR("system@okta.com"),
                                              .display = STR("Okta System")});
}

const struct sim_actor *sim_actor_person(struct sim *sim, uint32_t person)
{
    const struct sim_person *who = sim_person(sim, person);
    struct str display =
        arena_printf(&sim->scratch, "%.*s %.*s", STR_ARG(who->first_name), STR_ARG(who->last_name));

    return sim_actor(sim, &(struct sim_actor){.kind = SIM_ACTOR_PERSON,
                                              .id = sim_person_id(who),
                                              .alternate = who->login,
                                              .display = display});
}

static struct sim_event *next_event(struct sim *sim)
{
    if (sim->n_events == MAX_EVENTS) {
        size_t drop = MAX_EVENTS / 4;

        sim->n_events -= drop;
        sim->dropped_events += drop;
        memmove(sim->events, sim->events + drop, sim->n_events * sizeof(*sim->events));
    }
    if (sim->n_events == sim->cap_events) {
        sim->cap_events = sim->cap_events > 0 ? sim->cap_events * 2 : 64;
        sim->events = realloc(sim->events, sim->cap_events * sizeof(*sim->events));
        if (!sim->events)
            abort();
    }
    return &sim->events[sim->n_events++];
}

static void persist(struct sim *sim, struct sim_event event)
{
    event.serial = ++sim->n_logged;
    /* An event that happened earlier is persisted later: what a poll by order of persistence must
     * not miss, and a window by `published` does. */
    if (sim->quirks.log_disorder && sim->n_events > 0 && event.serial % 2 == 0) {
        struct sim_event former = sim->events[sim->n_events - 1];

        sim->events[sim->n_events - 1] = event;
        event = former;
    }
    *next_event(sim) = event;
    if (sim->quirks.log_doubles && event.serial % 3 == 0)
        *next_event(sim) = event;
}

void sim_log_event(struct sim *sim, const struct sim_event *event)
{
    persist(sim, *event);
}

void sim_log(struct sim *sim, const char *type, const struct sim_actor *actor, uint32_t person,
             uint32_t group)
{
    struct sim_event event = {
        .at_ms = sim_cloud(sim), .actor = actor, .type = type, .person = person, .group = group};

    persist(sim, event);
}
