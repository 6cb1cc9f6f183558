#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "sim/sim_aws.h"

/* Pages by MaxResults and NextToken, or maxResults and nextToken. A token is opaque, and good for
 * the very request it came with only. */

static const struct sim_aws_paging published = {"MaxResults", "NextToken", "maxResults", 100};
static const struct sim_aws_paging unpublished = {"maxResults", "nextToken", "maxResults", 1000};
#define USUAL_RESULTS 100

/* `AAMA`, then position, variant and what it is good for, with a check over it all. */
static struct str make_token(const struct sim_aws_page *page, uint64_t position, unsigned variant)
{
    struct arena *scratch = &page->call->sim->scratch;
    struct str plain = arena_printf(scratch, "%llx.%x.%llx", (unsigned long long)position, variant,
                                    (unsigned long long)page->binding);
    uint64_t check = sim_hash64(plain) ^ page->call->sim->seed;

    return arena_printf(scratch, "AAMA%.*s",
                        STR_ARG(base64url_encode(arena_printf(scratch, "%.*s.%llx", STR_ARG(plain),
                                                              (unsigned long long)check),
                                                 scratch)));
}

static bool read_token(struct sim_aws_page *page)
{
    char text[96];
    struct str decoded;
    unsigned long long position;
    unsigned variant;

    if (!str_starts(page->token, STR("AAMA")) ||
        !base64url_decode(str_sub(page->token, 4, page->token.len), &page->call->sim->scratch,
                          &decoded) ||
        decoded.len >= sizeof(text))
        return false;
    memcpy(text, decoded.ptr, decoded.len);
    text[decoded.len] = '\0';
    /* NOLINTNEXTLINE(cert-err34-c): what comes of it is checked by making the token anew */
    if (sscanf(text, "%llx.%x.", &position, &variant) != 2)
        return false;
    page->position = position;
    page->variant = variant;
    return str_eq(make_token(page, page->position, page->variant), page->token);
}

static uint64_t bind(const struct sim_aws_call *call, struct str about)
{
    struct str store = {0};

    (void)json_str_opt(call->in, "IdentityStoreId", &store, NULL);
    return sim_hash64(call->call->aws->operation) * 31 + sim_hash64(store) * 7 + sim_hash64(about);
}

static bool read_limit(struct sim_aws_page *page)
{
    struct sim_aws_call *call = page->call;
    const struct sim_aws_paging *how = page->how;
    int64_t limit = USUAL_RESULTS;
    int64_t cap = how == &unpublished ? call->sim->idc->subs.quirks.page_cap
                                      : call->sim->idc->quirks.page_cap;

    if (!json_i64_opt(call->in, how->limit, &limit, NULL) ||
        (json_get(call->in, how->limit) && (limit < 1 || limit > how->most))) {
        sim_aws_invalid(call, arena_printf(&call->sim->scratch,
                                           "1 validation error detected: Value at '%s' failed to "
                                           "satisfy constraint: Member must be between 1 and %d",
                                           how->limit_name, (int)how->most));
        return false;
    }
    if (limit == 0)
        limit = USUAL_RESULTS;
    page->limit = (size_t)(cap > 0 && cap < limit ? cap : limit);
    return true;
}

bool sim_aws_page_open(struct sim_aws_page *page, struct sim_aws_call *call, const char *list,
                       struct str about)
{
    const struct sim_play *play = call->call->play;
    bool forgotten = play && play->token == SIM_TOKEN_FORGOTTEN;

    *page = (struct sim_aws_page){
        .call = call,
        .how = call->call->aws->service == SIM_AWS_SUBSCRIPTIONS ? &unpublished : &published,
        .list = list,
        .binding = bind(call, about),
    };
    if (!read_limit(page) || !sim_aws_text_opt(call, page->how->token, &page->token))
        return false;
    if (page->token.len > 0 && (forgotten || !read_token(page))) {
        sim_aws_invalid(call,
                        arena_printf(&call->sim->scratch, "The %s is not valid for this request.",
                                     page->how->token));
        return false;
    }
    page->full = play && (play->page_empty || play->token == SIM_TOKEN_EMPTY_PAGE);
    if (play && play->page_not_a_list) {
        json_open(&call->out, list, '{');
        list = "Items";
    }
    json_open(&call->out, list, '[');
    return true;
}

bool sim_aws_page_offers(struct sim_aws_page *page, uint32_t hash)
{
    const struct sim_play *play = page->call->call->play;

    page->full = ++page->n >= page->limit;
    page->began_at = page->call->out.buf->len;
    if (!play)
        return true;
    return !play->empty_list && !(play->shrink > 0 && hash % 100 < (uint32_t)play->shrink);
}

void sim_aws_page_wrote(struct sim_aws_page *page)
{
    const struct sim_play *play = page->call->call->play;
    struct buf *body = page->call->out.buf;
    struct str item = str_sub(buf_str(body), page->began_at, body->len);

    if (!play || !play->page_twice)
        return;
    if (str_starts(item, STR(",")))
        item = str_sub(item, 1, item.len);
    json_put_raw(&page->call->out, NULL, arena_str(&page->call->sim->scratch, item));
}

/* Members that name things lose their names, so that a reader that takes what it finds is found
 * out. */
static void spoil_ids(struct buf *body)
{
    static const char *const names[] = {"\"UserId\":",      "\"GroupId\":",   "\"MembershipId\":",
                                        "\"InstanceArn\":", "\"principal\":", "\"identifier\":"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (char *at = body->ptr; at && (at = strstr(at, names[i])) != NULL; at++)
            at[1] = 'X';
    }
}

static struct str next_token(const struct sim_aws_page *page, uint64_t next, bool more)
{
    const struct sim_play *play = page->call->call->play;
    enum sim_token_fault fault = play ? play->token : SIM_TOKEN_PROPER;

    if (play && (play->empty_list || play->page_drop_next))
        return (struct str){0};
    if (fault == SIM_TOKEN_REPEAT) {
        return page->token.len > 0 ? page->token
                                   : make_token(page, page->position, page->variant + 1);
    }
    if (fault == SIM_TOKEN_LOOP)
        return make_token(page, 0, page->variant + 1);
    if (fault == SIM_TOKEN_GARBLED)
        return STR("!not a token!");
    if (play && (play->page_empty || fault == SIM_TOKEN_EMPTY_PAGE))
        return make_token(page, page->position, page->variant + 1);
    return more ? make_token(page, next, 0) : (struct str){0};
}

void sim_aws_page_close(struct sim_aws_page *page, uint64_t next, bool more)
{
    struct sim_aws_call *call = page->call;
    const struct sim_play *play = call->call->play;
    struct str token = next_token(page, next, more);

    json_end(&call->out, ']');
    if (play && play->page_not_a_list)
        json_end(&call->out, '}');
    if (token.len > 0)
        json_put_str(&call->out, page->how->token, token);
    if (play && play->page_no_ids)
        spoil_ids(call->out.buf);
    if (play && play->page_not_json)
        buf_add(call->out.buf, STR(",{\"Id\""));
}
