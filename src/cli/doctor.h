#pragma once

#include "base/vec.h"
#include "cli/cli.h"

/*
 * Doctor: is everything there that runs will need? A list of checks, each with what was found and,
 * where something is wrong, what would help. Only looks: nothing is written, anywhere.
 */

enum check_result {
    CHECK_OK,
    CHECK_NOTE, /* worth knowing; does not fail */
    CHECK_FAIL,
};

struct check {
    enum check_result result;
    const char *name; /* static: "okta.scopes" */
    struct str found; /* one sentence; in arena, printable */
    struct str remedy;
};

struct doctor {
    struct cli *cli;
    VEC_OF(struct check) checks;
};

/* `remedy` may be NULL. */
void doctor_add(struct doctor *doctor, enum check_result result, const char *name,
                const char *remedy, const char *fmt, ...) ATTR_PRINTF(5, 6);
/* A call that could not be made at all, as a failed check. True, so that the other checks go on;
 * false only when somebody asked us to stop. */
bool doctor_failed(struct doctor *doctor, const char *name, const char *remedy, struct err *err);

/* Who answers, and with which rights (doctor_login.c). `*go_on` is false when no credential should
 * be, or can be, shown. */
bool doctor_login(struct doctor *doctor, bool *go_on, struct err *err);
/* This machine's clock against Okta's, even when the login failed: it is the usual suspect. */
void doctor_clock(struct doctor *doctor, bool logged_in);
/* Groups, applications, people, attributes and log, once logged in (doctor_okta.c). */
bool doctor_okta(struct doctor *doctor, struct err *err);
/* Identity Center and what pushes into it, where the settings follow it (doctor_aws.c). */
bool doctor_aws(struct doctor *doctor, struct err *err);
