#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/str.h"
#include "http/http.h"

/*
 * Faults: what goes wrong, where and when, as a list of rules in YAML (or JSON). Rules are asked in
 * order; the first that applies to a call is played, alone. Each call counts in every rule whose
 * `match` fits it.
 *
 *     - name: the answer of the second write gets lost        # for people; optional
 *       match: {method: PUT, group: AWS_kiro_JP_Users, nth: 2}
 *       do: {close: after}
 *     - match: {path: "*groups*", from: 10m, until: 20m}
 *       do: {status: 502, html: "<h1>Bad gateway</h1>"}
 *
 * match, all that is given must fit; an empty one fits every call:
 *
 *   method     GET PUT POST DELETE
 *   path       glob over the path without the query: a star is any text, `?` one character
 *   query      glob over the decoded-as-sent query text, e.g. `*limit=200*`; `-` is no query
 *   group      name or id of the group in the path
 *   person     login or id of the person in the path
 *   service    identitystore sso sts metadata container subscriptions q codewhisperer okta: whose
 *              call it is
 *   operation  glob over the AWS operation, e.g. ListGroupMemberships or `Describe*`; `group` and
 *              `person` of such a call are those of its body: name, user name, either side's id
 *   nth        from the n-th fitting call on (1 is the first)
 *   times      for that many fitting calls; default 1 with `nth`, else without end
 *   from until virtual time since the rules were loaded: `from` <= t < `until`
 *   percent    by chance, from the cloud's seed
 *
 * do, one or several:
 *
 *   status       this status instead of an answer; the call is not carried out
 *   applied      true: with `status`, it is carried out all the same
 *   error_code   Okta's code in the body (`E0000006`); without it a usual one for the status
 *   body         this body, as it is; an empty text is an empty body
 *   html         this body as text/html
 *   headers      {name: value}: added to the answer, or instead of one it has; the empty value
 *                takes it away
 *   delay        the answer comes that much later; in the process virtual time moves
 *   close        before: the connection ends, nothing is carried out
 *                after: it is carried out, then the connection ends
 *   refuse       true: no connection comes about
 *   hang         true: no answer at all until the client gives up; nothing is carried out
 *   garbage      true: carried out; the answer is no HTTP
 *   truncate     N: the connection ends after N bytes of the body
 *   empty_list   true: `[]` and no next page
 *   shrink       percent of a list's items that are left out, as if they were not there
 *   cursor       repeat: `next` is this page again
 *                loop: `next` is the first page
 *                foreign: `next` leads to another host
 *                garbled: a Link header nobody can read
 *   rate         bucket: 429 with proper headers, reset 30 s ahead
 *                concurrency: 429 with a limit of 0
 *                doubled: 429 with two values of each header
 *                bare: 429 without headers and without Date
 *   stale        a list as it was that long ago; on a write: lists show it only that much later
 *   page         {empty: true}: no items, but a next page; {drop_next: true}: a page in the middle
 *                that looks like the last; {twice: true}: every item two times;
 *                {not_a_list: true}: an object instead of the array; {no_ids: true}: items
 *                without `id`; {not_json: true}: text that does not parse
 *   token        expired: the access token counts as expired; forgotten: as never issued.
 *                On AWS calls `expired` is about the credentials; the others are about NextToken:
 *                forgotten: the one that came is refused
 *                repeat: the one that came is handed out again
 *                loop: a token that leads to the first page
 *                empty_page: no items, and a token that goes on where this page began
 *                garbled: text that is no token
 *   code         AWS's error code (`ConflictException`), with `reason` and `resource_type` where
 *                given; `status` as well: that status, else the usual one. Not carried out unless
 *                `applied`
 *   retry_after  N: x-amz-retry-after in milliseconds, with `code`, `status` or `rate`
 *   xml          true: 200 with an XML document of another service; not carried out unless
 *                `applied`
 *   skew         the answer's Date is that much ahead of the cloud's clock; may be negative
 *
 * On AWS calls `rate` is a ThrottlingException (bare: without a hint and without a Date), and
 * `empty_list`, `shrink`, `stale` and `page` act on its lists as they do on Okta's.
 *
 * `actions` is a second kind of rule: something happens to the cloud by itself once virtual time
 * has come that far, seen by the first call after that:
 *
 *     - at: 10m
 *       actions:
 *         - {method: POST, path: "/_sim/people/alice@example.com/deactivate"}
 *         - {method: POST, path: /_sim/groups/Kiro/members, body: {remove: [bob@example.com]}}
 */

enum sim_close { SIM_CLOSE_NOT, SIM_CLOSE_BEFORE, SIM_CLOSE_AFTER };
enum sim_cursor {
    SIM_CURSOR_PROPER,
    SIM_CURSOR_REPEAT,
    SIM_CURSOR_LOOP,
    SIM_CURSOR_FOREIGN,
    SIM_CURSOR_GARBLED,
};
enum sim_rate {
    SIM_RATE_PROPER,
    SIM_RATE_BUCKET,
    SIM_RATE_CONCURRENCY,
    SIM_RATE_DOUBLED,
    SIM_RATE_BARE,
};
enum sim_token_fault {
    SIM_TOKEN_PROPER,
    SIM_TOKEN_EXPIRED,
    SIM_TOKEN_FORGOTTEN,
    SIM_TOKEN_REPEAT,
    SIM_TOKEN_LOOP,
    SIM_TOKEN_EMPTY_PAGE,
    SIM_TOKEN_GARBLED,
};

#define SIM_PLAY_HEADERS 8

/* What is to be played for one call; the zeroed one but truncate -1 is nothing. */
struct sim_play {
    int status;
    bool applied;
    struct str error_code, body, html;
    bool has_body;
    struct http_header headers[SIM_PLAY_HEADERS];
    size_t n_headers;
    int64_t delay_ms;
    enum sim_close close;
    bool refuse, hang, garbage;
    int64_t truncate; /* -1: no */
    bool empty_list;
    int64_t shrink;
    enum sim_cursor cursor;
    enum sim_rate rate;
    int64_t stale_ms;
    bool page_empty, page_drop_next, page_twice, page_not_a_list, page_no_ids, page_not_json;
    enum sim_token_fault token;
    struct str code, reason, resource_type; /* of AWS */
    int64_t retry_after;                    /* milliseconds; 0: none */
    int64_t skew_ms;
    bool xml;
};

struct sim_faults;
struct sim;
struct sim_aws_name;
struct sim_request;

/* Given; the seed is for `percent`. */
struct sim_faults *sim_faults_new(uint64_t seed);
void sim_faults_free(struct sim_faults *faults);
/* Adds rules; all or none. `now_ms` is what `from`, `until` and `at` count from. */
bool sim_faults_load(struct sim_faults *faults, struct str yaml, int64_t now_ms, struct err *err);
void sim_faults_clear(struct sim_faults *faults);

/* The play for this call, counting it; NULL: none. Lent until the next load or clear. Called with
 * the cloud's lock held. `aws` is NULL for Okta's calls. */
const struct sim_play *sim_faults_play(struct sim *sim, const struct sim_request *req,
                                       const struct sim_aws_name *aws);

/* One action that is due, taken out of the list; false when there is none. Texts are lent until the
 * next load or clear. */
struct sim_action {
    enum http_method method;
    struct str path, body;
};
bool sim_faults_due(struct sim_faults *faults, int64_t now_ms, struct sim_action *out);

/* For the control side: how often each rule fitted and was played. */
struct sim_fault_count {
    struct str name;
    uint64_t fitted, played;
};
size_t sim_faults_count(const struct sim_faults *faults);
struct sim_fault_count sim_faults_at(const struct sim_faults *faults, size_t i);

/* `*` any text, `?` one character. */
bool sim_glob(struct str pattern, struct str text);
