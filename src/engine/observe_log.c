#include "base/log.h"
#include "engine/observe.h"
#include "ledger/ledger_log.h"

/* The System Log names who changed a membership. It is a help and never an argument: without it
 * findings simply name nobody. */

#define LOOK_BACK_MS (24 * TIME_HOUR)
#define OVERLAP_MS   (10 * TIME_MINUTE) /* after a lost cursor */

/* Our own writes: the client id of the application, wherever the event shows it. */
static bool is_ours(const struct okta_settings *okta, const struct okta_event *event)
{
    return okta->client_id.len > 0 &&
           (str_eq(event->actor_id, okta->client_id) || str_eq(event->client_id, okta->client_id));
}

bool observe_log(const struct world *world, bool dry, struct arena *arena, struct err *err)
{
    struct str cursor;
    int64_t published;
    struct okta_log log;

    if (!ledger_log_cursor(world->ledger, "okta", arena, &cursor, &published, err))
        return false;
    int64_t since = published > 0 ? published - OVERLAP_MS : clock_now(world->clock) - LOOK_BACK_MS;
    if (!okta_poll_log(world->okta, cursor, since, arena, &log, err))
        return err_wrap(err, "polling the System Log");
    if (log.answer != OKTA_FOUND) {
        log_info("okta.log_unread", "why=%s", log_q(&log.why));
        return true;
    }
    if (dry)
        return true;
    struct log_event *events = arena_array(arena, struct log_event, log.n);
    for (size_t i = 0; i < log.n; i++) {
        const struct okta_event *event = &log.events[i];
        events[i] = (struct log_event){
            .uuid = event->uuid,
            .published = event->published_ms,
            .is_add = event->is_add,
            .group = event->group,
            .person = event->person,
            .actor = event->actor_id,
            .actor_name = event->actor_name,
            .by_rule = event->by_rule,
            .ours = is_ours(&world->settings->okta, event),
        };
    }
    return ledger_log_store(world->ledger, "okta", log.cursor, events, log.n, err);
}
