#include <poll.h>
#include <stdio.h>

#include "base/embedded.h"
#include "base/file.h"
#include "cli/commands.h"
#include "sim/sim.h"

/* The simulated cloud as a command: on loopback, until interrupted. */

#define PEOPLE_MOST 1000000
#define FILE_MOST   ((size_t)64 << 20)

/* What a fault script may do to a call; sim/sim_fault.h documents it in full. */
static const struct {
    const char *key, *about;
} faults[] = {
    {"status: 502", "this status instead of an answer; with `applied: true` it is carried out"},
    {"error_code: E0000006", "Okta's code in the body of that answer"},
    {"body, html, headers", "an answer's body or headers as they are given"},
    {"delay: 20s", "the answer comes that much later"},
    {"close: before | after", "the connection ends before, or after, the call is carried out"},
    {"refuse: true", "no connection comes about"},
    {"hang: true", "no answer at all until the client gives up"},
    {"garbage: true", "the answer is no HTTP"},
    {"truncate: 100", "the connection ends after so many bytes of the body"},
    {"empty_list: true", "an empty list where there is one"},
    {"shrink: 40", "so many percent of a list's items are left out"},
    {"cursor: repeat | loop | foreign | garbled", "paging that leads astray"},
    {"page: {empty, drop_next, twice, not_a_list, no_ids, not_json}", "one page that is wrong"},
    {"rate: bucket | concurrency | doubled | bare", "429 in its several shapes"},
    {"stale: 5m", "lists as they were that long ago"},
    {"token: expired | forgotten", "the access token is no good any more"},
};

/* config/faults */
extern const struct embedded_file faults_embedded[];
extern const size_t faults_embedded_count;

static struct str name_of(const struct embedded_file *file)
{
    struct str name = str_of(file->name);

    return str_ends(name, STR(".yaml")) ? str_sub(name, 0, name.len - 5) : name;
}

/* What the comment at its head says, in one line. */
static struct str about(const struct embedded_file *file, struct arena *arena)
{
    struct str rest = {file->text, file->len}, out = {0};

    while (str_starts(rest, STR("#"))) {
        struct str line = str_cut(&rest, '\n');
        line = str_trim(str_sub(line, 1, line.len));
        out =
            arena_printf(arena, "%.*s%s%.*s", STR_ARG(out), out.len > 0 ? " " : "", STR_ARG(line));
    }
    return out;
}

static void list_faults(struct cli *cli)
{
    static const char *const heads[] = {"SCRIPT", "WHAT GOES WRONG"};
    static const char *const own_heads[] = {"DO", "WHAT HAPPENS"};
    struct table shipped = {.n_columns = ARRAY_LEN(heads), .heads = heads};
    struct table own = {.n_columns = ARRAY_LEN(own_heads), .heads = own_heads};

    for (size_t i = 0; i < faults_embedded_count; i++) {
        table_add(&shipped, &cli->arena, name_of(&faults_embedded[i]));
        table_add(&shipped, &cli->arena, about(&faults_embedded[i], &cli->arena));
    }
    table_print(&shipped, &cli->out);
    buf_add(&cli->out,
            STR("\nA script of your own for --faults is a list of rules in YAML; the first that "
                "fits is played:\n\n"
                "    - name: the answer of the second write gets lost\n"
                "      match: {method: PUT, group: AWS_kiro_JP_Users, nth: 2}\n"
                "      do: {close: after}\n"
                "    - match: {path: \"*/users*\", from: 10m, until: 20m}\n"
                "      do: {empty_list: true}\n"
                "    - at: 30m\n"
                "      actions:\n"
                "        - {method: POST, path: \"/_sim/people/alice@example.com/deactivate\"}\n"
                "\n"
                "match: method path query group person nth times from until percent; what is left "
                "out fits all.\n\n"));
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        table_add(&own, &cli->arena, str_of(faults[i].key));
        table_add(&own, &cli->arena, str_of(faults[i].about));
    }
    table_print(&own, &cli->out);
}

struct sim_words {
    const char *listen, *people, *seed, *org, *faults, *settings_out;
    bool list;
};

/* Files are the caller's to write; a mistake in them is wrong use. */
static bool load_file(struct cli *cli, struct sim *sim, const char *path,
                      bool (*load)(struct sim *sim, struct str yaml, struct err *err),
                      struct err *err)
{
    struct str text;

    if (!path)
        return true;
    if (!file_read(str_of(path), FILE_MOST, FILE_ANY, &cli->arena, &text, err)) {
        err->kind = ERR_USAGE;
        return false;
    }
    return load(sim, text, err) || err_wrap(err, "%s", path);
}

/* A shipped script by its name, or a file. */
static bool load_faults(struct cli *cli, struct sim *sim, const char *given, struct err *err)
{
    for (size_t i = 0; given && i < faults_embedded_count; i++) {
        const struct embedded_file *file = &faults_embedded[i];
        if (str_is(name_of(file), given) && !file_exists(str_of(given))) {
            return sim_load_faults(sim, (struct str){file->text, file->len}, err) ||
                   err_wrap(err, "%s", given);
        }
    }
    return load_file(cli, sim, given, sim_load_faults, err);
}

static struct sim *make(struct cli *cli, const struct sim_words *words, struct err *err)
{
    int64_t people = 0, seed = 1;

    if ((words->people && !cli_number(words->people, "--people", 0, PEOPLE_MOST, &people, err)) ||
        (words->seed && !cli_number(words->seed, "--seed", 0, INT64_MAX, &seed, err)))
        return NULL;
    struct sim_options options = {.seed = (uint64_t)seed, .people = (size_t)people};
    struct sim *sim = sim_new(&options, err);
    if (!sim)
        return NULL;
    if (!load_file(cli, sim, words->org, sim_load_org, err) ||
        !load_faults(cli, sim, words->faults, err)) {
        sim_free(sim);
        return NULL;
    }
    return sim;
}

/* Settings and an empty ledger, so that the next command works at once. */
static bool write_folder(struct cli *cli, struct sim *sim, struct str url, const char *folder,
                         struct err *err)
{
    struct ledger_options options = {
        .path = arena_printf(&cli->arena, "%s/ledger.db", folder),
        .clock = &cli->clock,
        .program = "seatkeeper " SEATKEEPER_VERSION,
        .may_create = true,
    };
    struct ledger *ledger;

    if (file_exists(options.path)) {
        return err_set(err, ERR_USAGE, "%s: a ledger is there already; it is not overwritten",
                       folder);
    }
    if (!sim_write_settings(sim, url, str_of(folder), err) || !ledger_open(&options, &ledger, err))
        return false;
    ledger_close(ledger);
    return true;
}

static void say_how_to_go_on(const struct cli *cli, struct str url, const char *folder)
{
    cli_say(cli, "The simulated cloud is up at %.*s; Ctrl-C ends it.", STR_ARG(url));
    if (folder) {
        cli_say(cli, "In another terminal:\n    export SEATKEEPER_SETTINGS=%s/settings.yaml",
                folder);
        cli_say(cli, "    %s request grant alice@example.com -e kiro-jp", cli->program);
        cli_say(cli, "    %s reconcile", cli->program);
    } else {
        cli_say(cli, "--settings-out DIR writes settings, a key and a ledger for it.");
    }
    cli_say(cli,
            "Look: curl %.*s/_sim/state\nDo something behind the program's back: curl -d "
            "'{\"add\": [\"bob@example.com\"], \"actor\": \"tanaka@example.com\"}' "
            "%.*s/_sim/groups/AWS_kiro_JP_Users/members",
            STR_ARG(url), STR_ARG(url));
}

/* Until SIGINT or SIGTERM, which is the way to end it and no failure. */
static void wait_for_the_end(const struct cli *cli)
{
    struct pollfd fd = {.fd = cli->cancel->fd, .events = POLLIN};

    while (!cancel_is_on(cli->cancel))
        (void)poll(&fd, 1, -1);
}

static bool serve(struct cli *cli, struct sim *sim, const struct sim_words *words, struct err *err)
{
    struct str listen = words->listen ? str_of(words->listen) : STR("127.0.0.1:0");
    struct sim_server *server = sim_serve(sim, listen, err);

    if (!server)
        return false;
    struct str url = sim_server_url(server);
    bool ok = !words->settings_out || write_folder(cli, sim, url, words->settings_out, err);
    if (ok) {
        buf_printf(&cli->out, "%.*s\n", STR_ARG(url));
        say_how_to_go_on(cli, url, words->settings_out);
        ok = cli_write(cli, err);
    }
    if (ok)
        wait_for_the_end(cli);
    sim_server_stop(server);
    return ok;
}

bool cmd_sim(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct sim_words words = {0};
    const struct opt opts[] = {
        {"listen", 0, NULL, &words.listen},
        {"people", 0, NULL, &words.people},
        {"seed", 0, NULL, &words.seed},
        {"org", 0, NULL, &words.org},
        {"faults", 0, NULL, &words.faults},
        {"list-faults", 0, &words.list, NULL},
        {"settings-out", 0, NULL, &words.settings_out},
    };

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err))
        return false;
    if (words.list) {
        list_faults(cli);
        return true;
    }
    struct sim *sim = make(cli, &words, err);
    if (!sim)
        return false;
    bool ok = serve(cli, sim, &words, err);
    sim_free(sim);
    return ok;
}
