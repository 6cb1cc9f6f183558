/* The requests: small objects. */

#include "base/buf.h"
#include "base/json_out.h"
#include "subs/subs_wire.h"

struct draft {
    struct buf buf;
    struct json_out out;
};

static void begin(struct draft *draft, const char *key, struct str value)
{
    *draft = (struct draft){0};
    draft->out.buf = &draft->buf;
    json_open(&draft->out, NULL, '{');
    json_put_str(&draft->out, key, value);
}

static struct str end(struct draft *draft, struct arena *arena)
{
    struct str body;

    json_end(&draft->out, '}');
    body = arena_str(arena, buf_str(&draft->buf));
    buf_fini(&draft->buf);
    return body;
}

/* Both listings of the subscription service are asked for alike. */
static struct str list(const char *key, struct str arn, struct str kiro_region, unsigned max,
                       struct arena *arena)
{
    struct draft draft;

    begin(&draft, key, arn);
    json_put_str(&draft.out, "subscriptionRegion", kiro_region);
    json_put_i64(&draft.out, "maxResults", max);
    return end(&draft, arena);
}

struct str subs_wire_list(struct str instance_arn, struct str kiro_region, unsigned max,
                          struct arena *arena)
{
    return list("instanceArn", instance_arn, kiro_region, max, arena);
}

struct str subs_wire_list_claims(struct str application_arn, struct str kiro_region, unsigned max,
                                 struct arena *arena)
{
    return list("applicationArn", application_arn, kiro_region, max, arena);
}

struct str subs_wire_list_applications(struct str instance_arn, struct str account, unsigned max,
                                       struct arena *arena)
{
    struct draft draft;

    begin(&draft, "InstanceArn", instance_arn);
    json_put_i64(&draft.out, "MaxResults", max);
    if (account.len > 0) {
        json_open(&draft.out, "Filter", '{');
        json_put_str(&draft.out, "ApplicationAccount", account);
        json_end(&draft.out, '}');
    }
    return end(&draft, arena);
}

struct str subs_wire_by_arn(struct str application_arn, struct arena *arena)
{
    struct draft draft;

    begin(&draft, "ApplicationArn", application_arn);
    return end(&draft, arena);
}

struct str subs_wire_with_token(struct str body, const char *key, struct str token,
                                struct arena *arena)
{
    struct draft draft;
    struct str tail;

    begin(&draft, key, token);
    tail = end(&draft, arena);
    return arena_printf(arena, "%.*s,%.*s", (int)body.len - 1, body.ptr, (int)tail.len - 1,
                        tail.ptr + 1);
}
