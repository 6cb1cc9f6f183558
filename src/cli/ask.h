#pragma once

#include "base/json_out.h"
#include "cli/cli.h"
#include "core/request.h"

/* Requests on the command line: reading what is asked, finding one, putting one into words. */

/* One ask as it was typed, or as it stands in a line of a list. NULL: not given. */
struct ask_words {
    const char *kind, *who, *ent, *plan, *from, *until, *span, *reason, *key;
    bool confirm_one_way;
};

/* Checks everything that can be known without Okta; `out` is ready to be filed. */
bool ask_read(struct cli *cli, const struct ask_words *words, struct request *out, struct err *err);
/* The plan that is meant: named, or the default of what is asked for; may be empty. */
struct str ask_plan(const struct request *request, const struct entitlement *ent);

/* Files a list, all or none (cmd_request_file.c). */
bool ask_file(struct cli *cli, const char *path, bool json, struct err *err);

/* `R17` or `17`; ERR_USAGE when there is none. */
bool ask_find(struct cli *cli, const char *text, struct request *out, struct err *err);
bool ask_get(struct cli *cli, int64_t number, struct request *out, struct err *err);

/* All of these in arena. */
struct str ask_title(struct cli *cli, const struct request *request); /* "grant kiro to ada@..." */
struct str ask_term(struct cli *cli, const struct request *request); /* "until 2026-05-04", or "" */
struct str ask_whom(struct cli *cli, const struct request *request); /* login, else as asked */
void ask_json(struct cli *cli, struct json_out *json, const struct request *request);
