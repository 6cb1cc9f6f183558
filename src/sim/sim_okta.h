#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sim/sim_request.h"

/*
 * What the simulated Okta answers: one function a route (sim_okta.c has the table), and what they
 * share. Every function runs with the lock held, after authentication and the rate limit.
 */

/* The whole answer to one call; what goes before and after is sim_handle.c's. */
void sim_okta_answer(struct sim_call *call);

void sim_okta_find_groups(struct sim_call *call);  /* GET /groups */
void sim_okta_get_group(struct sim_call *call);    /* GET /groups/{id} */
void sim_okta_list_members(struct sim_call *call); /* GET /groups/{id}/users */
void sim_okta_add_member(struct sim_call *call);   /* PUT /groups/{id}/users/{id} */
void sim_okta_remove_member(struct sim_call *call);
void sim_okta_list_users(struct sim_call *call);  /* GET /users */
void sim_okta_get_user(struct sim_call *call);    /* GET /users/{idOrLogin} */
void sim_okta_user_groups(struct sim_call *call); /* GET /users/{id}/groups */
void sim_okta_list_rules(struct sim_call *call);  /* GET /groups/rules */
void sim_okta_get_rule(struct sim_call *call);
void sim_okta_group_roles(struct sim_call *call); /* GET /groups/{id}/roles */
void sim_okta_group_apps(struct sim_call *call);  /* GET /groups/{id}/apps */
void sim_okta_schema(struct sim_call *call);      /* GET /meta/schemas/user/default */
void sim_okta_logs(struct sim_call *call);        /* GET /logs */
void sim_okta_app_user(struct sim_call *call);    /* GET /apps/{id}/users/{id} */
void sim_okta_app_pushes(struct sim_call *call);  /* GET /apps/{id}/group-push/mappings */
void sim_okta_patch_push(struct sim_call *call);  /* PATCH /apps/{id}/group-push/mappings/{id} */
void sim_okta_org(struct sim_call *call);         /* GET /.well-known/okta-organization */

/* E0000007 for a missing thing; `kind` as Okta writes it: User, UserGroup, ... */
void sim_not_found(struct sim_call *call, struct str id, const char *kind);
/* A group that a path names; SIM_NOBODY with the answer made. */
uint32_t sim_path_group(struct sim_call *call, struct str id);
/* A quirk that makes a whole endpoint absent, forbidden or broken: false with the answer made. */
bool sim_endpoint_is_there(struct sim_call *call, int status);

/* ---- objects (sim_okta_json.c): appended to the answer's body ---- */
void sim_put_user(struct sim_call *call, const struct sim_person *person);
void sim_put_group(struct sim_call *call, const struct sim_group *group, struct str shown_name);
void sim_put_event(struct sim_call *call, const struct sim_event *event);

/*
 * A page of a list. The caller walks its items in order and offers each one:
 *
 *     if (!sim_page_open(&page, call, 200, 200))
 *         return;
 *     for (i = start; i < n && !page.full; i++)
 *         if (sim_page_offers(&page, id of item i))
 *             sim_put_...(call, item i);
 *     sim_page_close(&page, i < n);
 *
 * It keeps to the limit, plays the faults about lists, and writes the Link headers.
 */
struct sim_page {
    struct sim_call *call;
    size_t limit, n;
    struct str after; /* cursor of the request, empty on the first page */
    char last[64];    /* id of the last item that counted */
    bool full;
    bool always_next; /* a polling query of the System Log */
};
/* False with the answer made: a limit that is no number. `most` caps, it does not refuse. */
bool sim_page_open(struct sim_page *page, struct sim_call *call, size_t usual, size_t most);
/* Is it the cursor of the first page: none, or that of an empty page before it? */
bool sim_page_is_start(struct str after);
/* Separator and bookkeeping; false: leave this item out. */
bool sim_page_offers(struct sim_page *page, struct str id);
/* An item was written: the fault `twice` repeats it. */
void sim_page_wrote(struct sim_page *page, size_t began_at);
void sim_page_close(struct sim_page *page, bool more);
