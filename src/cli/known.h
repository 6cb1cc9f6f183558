#pragma once

#include "cli/cli.h"
#include "core/intake.h"
#include "ledger/ledger_person.h"

/*
 * What the ledger alone knows about a request: enough for intake to say what will become of it, and
 * to decide at once when nothing but a person's word was missing. What only Okta can tell stays
 * unknown, and is left to the next run.
 */

struct known {
    struct intake_facts facts; /* approvers unknown; eligible as when it was looked at last */
    struct person_row person;
    bool has_person; /* exactly one person of the ledger is meant */
};

bool known_gather(struct cli *cli, const struct request *request, struct known *out,
                  struct err *err);

/* The words of who was asked are part of the facts now: those asked, unless known inactive. */
bool known_add_asked(struct cli *cli, struct known *known, struct err *err);

/* Carries out what intake decides of an open request by `known` facts, if it decides at all.
 * `*taken` false: it stays as it is, for the next run. */
bool known_decide(struct cli *cli, struct known *known, bool *taken, struct err *err);
