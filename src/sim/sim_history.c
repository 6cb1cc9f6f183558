#include <stdlib.h>
#include <string.h>

#include "sim/sim_state.h"

#define MAX_HISTORY ((size_t)1000000)

/* A simulation that runs for weeks forgets its oldest quarter. */
static void forget_oldest(struct sim *sim)
{
    size_t drop = MAX_HISTORY / 4;

    for (size_t i = 0; i < drop; i++)
        free(sim->history[i].text);
    sim->n_history -= drop;
    sim->dropped_history += drop;
    memmove(sim->history, sim->history + drop, sim->n_history * sizeof(*sim->history));
}

static char *append(char *to, struct str text)
{
    if (text.len > 0)
        memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
    return to + text.len + 1;
}

void sim_history_add(struct sim *sim, const struct sim_history_row *row, struct str path,
                     struct str effect, struct str request_id)
{
    struct sim_history_row *kept;

    if (sim->n_history == MAX_HISTORY)
        forget_oldest(sim);
    if (sim->n_history == sim->cap_history) {
        sim->cap_history = sim->cap_history > 0 ? sim->cap_history * 2 : 256;
        sim->history = realloc(sim->history, sim->cap_history * sizeof(*sim->history));
        if (!sim->history)
            abort();
    }
    kept = &sim->history[sim->n_history++];
    *kept = *row;
    kept->seq = ++sim->seq;
    kept->at_ms = sim_now(sim);
    kept->text = malloc(path.len + effect.len + request_id.len + 3);
    if (!kept->text)
        abort();
    append(append(append(kept->text, path), effect), request_id);
    if (effect.len > 0)
        sim->n_writes++;
}

const char *sim_history_effect(const struct sim_history_row *row)
{
    return row->text + strlen(row->text) + 1;
}

const char *sim_history_request_id(const struct sim_history_row *row)
{
    const char *effect = sim_history_effect(row);

    return effect + strlen(effect) + 1;
}

void sim_history_fini(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_history; i++)
        free(sim->history[i].text);
    free(sim->history);
    sim->history = NULL;
    sim->n_history = sim->cap_history = 0;
}
