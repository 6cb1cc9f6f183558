#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "engine/world.h"
#include "http/http_curl.h"
#include "ledger/ledger.h"
#include "settings/settings.h"

/*
 * The command line: one table of commands, one function each. Data goes to stdout, words to stderr.
 * A command returns false with `err` filled, or true with `cli->outcome` as exit code (0 unless it
 * says otherwise).
 */

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_WRONG_USE = 2,
    EXIT_PENDING = 3,
    EXIT_HELD = 4,
    EXIT_TRY_LATER = 5,
};

enum needs {
    NEEDS_SETTINGS = 1, /* read and checked */
    NEEDS_LEDGER = 2,   /* opened (implies the settings, unless --ledger names it) */
    NEEDS_OKTA = 4,     /* the world of a run: cli->world */
};

struct cli {
    const char *program;
    const char *settings_path; /* --settings, SEATKEEPER_SETTINGS, or the default place */
    const char *ledger_path;   /* --ledger, or NULL: the settings' */
    const char *user;          /* name of the operating system's user; main's business */
    bool may_color;            /* stdout is a terminal and NO_COLOR is not set */
    bool may_progress;         /* stderr is a terminal */
    const char *(*environment)(const char *name); /* main's getenv */
    struct arena arena;                           /* of this command */
    struct cancel *cancel;                        /* thrown by SIGINT and SIGTERM */
    struct clock clock;
    struct settings settings;
    struct ledger *ledger;
    struct actor actor;      /* who acts: os:UID through the door `cli` */
    struct str person;       /* Okta id of whom the OS user is mapped to; empty: nobody */
    const char *break_glass; /* --break-glass REASON of root */
    struct world world;
    struct cli_okta *okta; /* what `world` points at */
    struct str head;       /* of the audit trail when the ledger was opened */
    bool is_old_copy;      /* of the ledger, by its sidecar; said when it was opened */
    struct buf out; /* data for stdout; written once the command is through, or by cli_write */
    bool closed;    /* nobody reads stdout any more */
    int outcome;
};

struct command {
    const char *name;
    const char *usage; /* arguments, as in `help` */
    const char *help;  /* one sentence */
    bool (*run)(struct cli *cli, int argc, char **argv, struct err *err);
    unsigned needs;
};

extern const struct command cli_commands[]; /* ends with a NULL name */
const struct command *cli_find_command(const char *name);

/* From main: parses what stands before the command, prepares, runs, cleans up. Exit code. */
int cli_main(struct cli *cli, int argc, char **argv);
int cli_exit_code(enum err_kind kind);

/* ---- arguments ---- */

/* One row of a command's options; exactly one of flag and value is set. */
struct opt {
    const char *name;   /* "until", given as --until */
    char letter;        /* 'e', or 0 */
    bool *flag;         /* set true when given */
    const char **value; /* set to the text; giving it twice is an error */
};

/* Reads argv (argv[0] is the command's name). Positional words go to `words` in order, at least
 * `min` and at most `max`. One clear sentence otherwise, with the usage line. */
bool cli_parse(const struct cli *cli, int argc, char **argv, const struct opt *opts, size_t n_opts,
               const char **words, size_t min, size_t max, size_t *n_words, struct err *err);

/* Text of an option as a whole number within bounds; `name` for the sentence. */
bool cli_number(const char *text, const char *name, int64_t low, int64_t high, int64_t *out,
                struct err *err);
/* `R17`, `r17` or `17`. */
bool cli_request_number(const char *text, int64_t *out, struct err *err);
/* --until DATE: the end of that day; --from DATE: its start; --for 90d. */
bool cli_until(const char *text, int64_t *out, struct err *err);
bool cli_from(const char *text, int64_t *out, struct err *err);
bool cli_span(const char *text, const char *name, int64_t *out, struct err *err);
/* An entitlement by name or by what people call it; ERR_USAGE lists what there is. */
bool cli_entitlement(const struct cli *cli, const char *text, const struct entitlement **out,
                     struct err *err);

/* ---- surroundings ---- */

/* Fills what the command needs; cli_release gives it back. */
bool cli_prepare(struct cli *cli, unsigned needs, struct err *err);
void cli_release(struct cli *cli);
/* The world of a run for a command that needs it only sometimes; settings are there already. */
bool cli_connect(struct cli *cli, struct err *err);
/* What of a profile the rules look at, to be kept when people are looked up. In arena. */
void cli_profile_names(const struct policy *policy, struct arena *arena,
                       struct okta_options *options);

/* Direct use of the ledger belongs to its owner; deciding needs a person. The Okta id of the person
 * behind the OS user, or ERR_REFUSED with what to do (server.local_users, --break-glass). */
bool cli_require_person(struct cli *cli, struct str *person, struct err *err);

/* One person by login or Okta id, as the ledger knows them. ERR_USAGE when unknown or several. */
struct person_row;
bool cli_find_person(struct cli *cli, const char *who, struct person_row *out, struct err *err);

/* ---- output ---- */

/* A table for people: columns aligned by display width, text made printable. Cells are lent. */
struct table {
    size_t n_columns;
    const char *const *heads;
    struct str *cells; /* row after row; grows in the arena */
    size_t n_cells, cap;
};
void table_add(struct table *table, struct arena *arena, struct str cell);
void table_print(const struct table *table, struct buf *out);

/* Writes what `out` holds so far and empties it, for output that comes in pages. Sets `closed` when
 * nobody reads any more (`| head`), which is the end and no failure. */
bool cli_write(struct cli *cli, struct err *err);
/* A command's usage, meaning and examples: `help COMMAND`. */
void cli_explain(const struct cli *cli, const struct command *command, struct buf *out);
/* Words to stderr, one line; nothing when output is JSON and stderr no terminal. */
void cli_say(const struct cli *cli, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* Name of a person for people: the login if the ledger knows it, else the id. In arena. */
struct str cli_login_of(struct cli *cli, struct str person);
