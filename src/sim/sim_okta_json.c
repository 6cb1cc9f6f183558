#include <string.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "sim/sim_okta.h"

/* A page of a thousand people is 700 kB in 40,000 pieces, hence no general writer for users. */

static void put_text(struct buf *out, struct str text)
{
    size_t i = 0;

    while (i < text.len && (unsigned char)text.ptr[i] >= 0x20 && text.ptr[i] != '"' &&
           text.ptr[i] != '\\')
        i++;
    if (i == text.len) {
        buf_add_char(out, '"');
        buf_add(out, text);
        buf_add_char(out, '"');
        return;
    }

    struct json_out json = {.buf = out};
    json_put_str(&json, NULL, text);
}

static void put_member(struct buf *out, struct str before, struct str value)
{
    buf_add(out, before);
    if (value.len > 0) {
        put_text(out, value);
    } else {
        buf_add(out, STR("null"));
    }
}

static void put_time(struct buf *out, struct str before, int64_t ms)
{
    char text[TIME_ISO_SIZE];

    buf_add(out, before);
    if (ms == 0) {
        buf_add(out, STR("null"));
        return;
    }
    /* The service stores whole seconds. */
    time_iso(ms - ms % TIME_SECOND, text);
    buf_add_char(out, '"');
    buf_add(out, (struct str){text, TIME_ISO_SIZE - 1});
    buf_add_char(out, '"');
}

void sim_put_user(struct sim_call *call, const struct sim_person *person)
{
    struct buf *out = &call->out->body;
    struct profile_value profile[SIM_PROFILE];
    size_t n = sim_person_profile(call->sim, person, profile);
    bool is_new = person->status == USER_STAGED;

    put_member(out, STR("{\"id\":"), sim_person_id(person));
    put_member(out, STR(",\"status\":"),
               str_of(user_status_name((enum user_status)person->status)));
    put_time(out, STR(",\"created\":"), person->created_ms);
    put_time(out, STR(",\"activated\":"), is_new ? 0 : person->created_ms);
    put_time(out, STR(",\"statusChanged\":"), person->status_ms);
    buf_add(out, STR(",\"lastLogin\":null"));
    put_time(out, STR(",\"lastUpdated\":"), person->updated_ms);
    buf_add(out, STR(",\"passwordChanged\":null,\"type\":{\"id\":\"oty1seatkeepersim001\"},"));
    put_member(out, STR("\"profile\":{\"login\":"), person->login);
    put_member(out, STR(",\"email\":"), person->email);
    put_member(out, STR(",\"firstName\":"), person->first_name);
    put_member(out, STR(",\"lastName\":"), person->last_name);
    buf_add(out, STR(",\"mobilePhone\":null,\"secondEmail\":null"));
    for (size_t i = 0; i < n; i++) {
        buf_add_char(out, ',');
        put_text(out, profile[i].name);
        buf_add_char(out, ':');
        put_text(out, profile[i].value);
    }
    buf_add(out, STR("},\"credentials\":{\"provider\":{\"type\":\"OKTA\",\"name\":\"OKTA\"}},"
                     "\"_links\":{\"self\":{\"href\":\""));
    buf_add(out, call->req->origin);
    buf_add(out, STR("/api/v1/users/"));
    buf_add(out, sim_person_id(person));
    buf_add(out, STR("\"}}}"));
}

static const char *type_name(enum group_type type)
{
    switch (type) {
    case GROUP_APP: return "APP_GROUP";
    case GROUP_BUILT_IN: return "BUILT_IN";
    case GROUP_OKTA:
    case GROUP_OTHER: break;
    }
    return "OKTA_GROUP";
}

static void put_link(struct sim_call *call, struct json_out *out, const struct sim_group *group,
                     const char *name)
{
    json_open(out, name, '{');
    json_put_str(out, "href",
                 arena_printf(&call->sim->scratch, "%.*s/api/v1/groups/%.*s/%s",
                              STR_ARG(call->req->origin), STR_ARG(sim_group_id(group)), name));
    json_end(out, '}');
}

void sim_put_group(struct sim_call *call, const struct sim_group *group, struct str shown_name)
{
    struct json_out out = {.buf = &call->out->body};
    int64_t members_ms = sim_membership_time(call->sim, group);

    json_open(&out, NULL, '{');
    json_put_str(&out, "id", sim_group_id(group));
    json_put_time(&out, "created", group->created_ms - group->created_ms % TIME_SECOND);
    json_put_time(&out, "lastUpdated", group->updated_ms - group->updated_ms % TIME_SECOND);
    json_put_time(&out, "lastMembershipUpdated", members_ms - members_ms % TIME_SECOND);
    json_open(&out, "objectClass", '[');
    json_put_str(&out, NULL,
                 group->type == GROUP_APP ? STR("okta:windows_security_principal")
                                          : STR("okta:user_group"));
    json_end(&out, ']');
    json_put_str(&out, "type", str_of(type_name(group->type)));
    json_open(&out, "profile", '{');
    json_put_str(&out, "name", shown_name);
    json_put_str_or_null(&out, "description", group->description);
    json_end(&out, '}');
    if (group->source.len > 0) {
        json_open(&out, "source", '{');
        json_put_str(&out, "id", group->source);
        json_end(&out, '}');
    }
    json_open(&out, "_links", '{');
    put_link(call, &out, group, "users");
    put_link(call, &out, group, "apps");
    json_open(&out, "logo", '[');
    json_end(&out, ']');
    json_end(&out, '}');
    json_end(&out, '}');
}

/* ---- System Log ---- */

static const char *actor_type(enum sim_actor_kind kind)
{
    if (kind == SIM_ACTOR_CLIENT)
        return "PublicClientApp";
    return kind == SIM_ACTOR_SYSTEM ? "SystemPrincipal" : "User";
}

static void put_party(struct json_out *out, const char *key, const char *type, struct str id,
                      struct str alternate, struct str display)
{
    json_open(out, key, '{');
    json_put_str(out, "id", id);
    json_put_str(out, "type", str_of(type));
    json_put_str(out, "alternateId", alternate.len > 0 ? alternate : STR("unknown"));
    json_put_str_or_null(out, "displayName", display);
    json_end(out, '}');
}

static void put_targets(struct sim_call *call, struct json_out *out, const struct sim_event *event)
{
    json_open(out, "target", '[');
    if (event->person != SIM_NOBODY) {
        const struct sim_person *person = sim_person(call->sim, event->person);

        put_party(out, NULL, "User", sim_person_id(person), person->login, person->login);
    }
    if (event->group != SIM_NOBODY) {
        const struct sim_group *group = sim_group(call->sim, event->group);

        put_party(out, NULL, "UserGroup", sim_group_id(group), (struct str){0}, group->name);
    }
    if (event->app > 0) {
        const struct sim_app *app = &call->sim->apps[event->app - 1];

        put_party(out, NULL, "AppInstance", (struct str){app->id, SIM_ID_LEN}, app->label,
                  app->label);
    }
    json_end(out, ']');
}

static struct str event_words(const struct sim_event *event)
{
    if (strcmp(event->type, "group.user_membership.add") == 0)
        return STR("Add user to group membership");
    if (strcmp(event->type, "group.user_membership.remove") == 0)
        return STR("Remove user from group membership");
    return str_of(event->type);
}

void sim_put_event(struct sim_call *call, const struct sim_event *event)
{
    struct sim *sim = call->sim;
    struct json_out out = {.buf = &call->out->body};
    const struct sim_actor *actor = event->actor;
    bool is_client = actor->kind == SIM_ACTOR_CLIENT;

    json_open(&out, NULL, '{');
    json_put_str(&out, "uuid",
                 arena_printf(&sim->scratch, "%08x-0000-11f1-a000-%012llx",
                              (unsigned)(sim->seed & UINT32_MAX),
                              (unsigned long long)event->serial));
    json_put_time(&out, "published", event->at_ms);
    json_put_str(&out, "eventType", str_of(event->type));
    json_put_str(&out, "severity", event->failed ? STR("ERROR") : STR("INFO"));
    json_put_str(&out, "displayMessage", event_words(event));
    put_party(&out, "actor", actor_type(actor->kind), actor->id, actor->alternate, actor->display);
    json_open(&out, "client", '{');
    json_put_str_or_null(&out, "id", is_client ? actor->id : (struct str){0});
    json_put_str(&out, "ipAddress", STR("203.0.113.7"));
    json_open(&out, "userAgent", '{');
    json_put_str(&out, "rawUserAgent", is_client ? STR("seatkeeper") : STR("Mozilla/5.0"));
    json_end(&out, '}');
    json_end(&out, '}');
    json_open(&out, "outcome", '{');
    json_put_str(&out, "result", event->failed ? STR("FAILURE") : STR("SUCCESS"));
    json_put_str_or_null(&out, "reason", event->reason);
    json_end(&out, '}');
    put_targets(call, &out, event);
    json_open(&out, "transaction", '{');
    json_put_str(&out, "type", actor->kind == SIM_ACTOR_SYSTEM ? STR("JOB") : STR("WEB"));
    json_put_str(&out, "id",
                 arena_printf(&sim->scratch, "Ysim%016llx", (unsigned long long)event->serial));
    json_open(&out, "detail", '{');
    json_put_str_or_null(&out, "requestApiTokenId", actor->token_id);
    json_end(&out, '}');
    json_end(&out, '}');
    json_end(&out, '}');
}
