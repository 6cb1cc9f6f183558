#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/aws_creds.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

/*
 * credential_process: a program whose standard output is a set of credentials (contract 7.2). Split
 * like a shell would, run without one: no variables, globs, pipes. What it prints goes nowhere but
 * into wiped memory.
 *
 * It gets nothing of ours: no open file, no standard input, and of the environment only the names
 * that programs of this kind need (PATH, HOME, AWS_CONFIG_FILE, proxies, ...).
 */

#define AWS_PROCESS_LIMIT_MS TIME_MINUTE

/* Words, in arena; NULL follows the last. Quotes of both kinds and backslashes as in a shell.
 * ERR_SETTINGS: no word at all, or a quote that is not closed. */
bool aws_process_split(struct str command, struct arena *arena, const char *const **argv, size_t *n,
                       struct err *err);

/* Runs it and hands out what it printed, in arena: a secret. Killed, with all it started, after
 * AWS_PROCESS_LIMIT_MS and on cancellation. */
bool aws_process_run(struct str command, const struct aws_env *env, const struct clock *clock,
                     struct arena *arena, struct str *out, struct err *err);
