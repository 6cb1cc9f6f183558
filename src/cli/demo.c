#include <stdarg.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/demo_stage.h"
#include "core/finding.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_hop.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

/*
 * The story that this program is for, told with its own commands over the simulated cloud. Every
 * claim of the story is checked where it is made; one that does not hold ends it with a failure.
 */

#define GROUP "AWS_kiro_JP_Users"

struct story {
    struct cli *cli; /* who is told */
    struct stage stage;
    unsigned chapter;
    int outcome; /* of the latest command */
};

/* ---- telling ---- */

static void chapter(struct story *story, const char *title)
{
    bool color = story->cli->may_color;

    buf_printf(&story->cli->out, "%s%u. %s%s\n\n", color ? "\033[1m" : "", ++story->chapter, title,
               color ? "\033[0m" : "");
}

static void tell(struct story *story, const char *fmt, ...) ATTR_PRINTF(2, 3);
static void tell(struct story *story, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    struct str text = arena_vprintf(&story->cli->arena, fmt, args);
    va_end(args);
    buf_printf(&story->cli->out, "%.*s\n", STR_ARG(text));
}

static void indented(struct story *story, struct str text)
{
    while (text.len > 0) {
        struct str line = str_cut(&text, '\n');
        buf_printf(&story->cli->out, "%s%.*s\n", line.len > 0 ? "  " : "", STR_ARG(line));
    }
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A word as one would type it: options need no quotes. */
static struct str typed(struct story *story, const char *word)
{
    struct str rest = str_of(word);

    while (str_starts(rest, STR("-")))
        rest = str_sub(rest, 1, rest.len);
    struct str quoted = command_word(rest, &story->cli->arena);
    return str_eq(quoted, rest) ? str_of(word) : command_word(str_of(word), &story->cli->arena);
}

/* Shows a command as one would type it, runs it and shows what it says. */
static bool run(struct story *story, const char *const *words, struct err *err)
{
    struct buf *out = &story->cli->out;

    buf_add(out, STR("$ seatkeeper"));
    for (size_t i = 0; words[i]; i++)
        buf_printf(out, " %.*s", STR_ARG(typed(story, words[i])));
    buf_add_char(out, '\n');
    /* Words of the command go to stderr at once: what was told before them must be out. */
    if (!cli_write(story->cli, err) || !stage_run(&story->stage, words, &story->outcome, err))
        return false;
    indented(story, buf_str(&story->stage.cli.out));
    if (story->outcome != EXIT_DONE)
        buf_printf(out, "  (exit code %d)\n", story->outcome);
    buf_add_char(out, '\n');
    return true;
}

/* ---- checking ---- */

static bool claim(bool holds, const char *what, struct err *err)
{
    return holds || err_set(err, ERR_INTERNAL, "the story does not hold: %s", what);
}

static bool claim_members(struct story *story, const char *names, struct err *err)
{
    struct str members;

    if (!stage_members(&story->stage, GROUP, &members, err))
        return false;
    return str_is(members, names) ||
           err_set(err, ERR_INTERNAL,
                   "the story does not hold: in the group should be `%s`, there is `%.*s`", names,
                   STR_ARG(members));
}

static bool claim_outcome(const struct story *story, int outcome, struct err *err)
{
    return story->outcome == outcome ||
           err_set(err, ERR_INTERNAL, "the story does not hold: exit code %d instead of %d",
                   story->outcome, outcome);
}

/* The open finding of that kind, and who did it. */
static bool claim_finding(struct story *story, enum finding_kind kind, const char *actor,
                          struct str *id, struct err *err)
{
    const struct finding_row *rows;
    struct cli *cli = &story->stage.cli;
    size_t n;

    if (!ledger_load_findings(cli->ledger, true, &story->cli->arena, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct finding *finding = &rows[i].finding;
        if (finding->kind == kind && (!actor || str_is(finding->actor, actor))) {
            *id = finding->id;
            return true;
        }
    }
    return err_set(err, ERR_INTERNAL, "the story does not hold: no finding %s%s%s",
                   finding_kind_name(kind), actor ? " by " : "", actor ? actor : "");
}

/* Not let in, and told by which rule. */
static bool claim_refused(struct story *story, int64_t number, struct err *err)
{
    struct request request;
    bool found;

    if (!ledger_get_request(story->stage.cli.ledger, number, &story->cli->arena, &request, &found,
                            err))
        return false;
    return claim(found && request.state == REQUEST_FILED && request.state_reason.len > 0,
                 "who is not eligible was not refused", err);
}

/* ---- the chapters ---- */

static bool ask(struct story *story, struct err *err)
{
    static const char partner[] = "{login: sam@partner.example, first_name: Sam, last_name: Roe}";

    chapter(story, "Three people ask");
    tell(story, "Alice asks for a quarter, Bob for a week. Sam works for a partner company; the "
                "settings\nallow example.com only.\n");
    if (!stage_control(&story->stage, HTTP_POST, "/_sim/people", partner, NULL, err) ||
        !run(story, WORDS("request", "grant", "alice@example.com", "-e", "kiro-jp", "--for", "90d"),
             err) ||
        !claim_outcome(story, EXIT_DONE, err) ||
        !run(story, WORDS("request", "grant", "bob@example.com", "-e", "kiro-jp", "--for", "7d"),
             err) ||
        !claim_outcome(story, EXIT_DONE, err) ||
        !run(story, WORDS("request", "grant", "sam@partner.example", "-e", "kiro-jp"), err) ||
        !claim_outcome(story, EXIT_DONE, err))
        return false;
    tell(story, "A run reads Okta, decides, and carries out what is allowed.\n");
    if (!run(story, WORDS("reconcile"), err) || !claim_outcome(story, EXIT_DONE, err) ||
        !claim_members(story, "alice bob", err) || !run(story, WORDS("seats"), err))
        return false;
    tell(story, "Sam's request stays open for three days, in case that changes. It says why.\n");
    return run(story, WORDS("show", "R3"), err) && claim_refused(story, 3, err);
}

static bool again(struct story *story, struct err *err)
{
    int64_t before, after;

    chapter(story, "A second run finds nothing to do");
    if (!stage_writes(&story->stage, &before, err) || !run(story, WORDS("reconcile"), err) ||
        !stage_writes(&story->stage, &after, err))
        return false;
    return claim_outcome(story, EXIT_DONE, err) &&
           claim(before == after, "a run with nothing to do wrote something", err);
}

/* How far somebody's seat has come, by the ledger; "okta", "user", ... */
static bool claim_hop(struct story *story, const char *who, enum hop hop, enum hop_word word,
                      enum hop_cause why, struct err *err)
{
    const struct hop_row *rows;
    struct cli *cli = &story->stage.cli;
    struct person_row person;
    size_t n;

    if (!cli_find_person(cli, who, &person, err) ||
        !ledger_load_hops(cli->ledger, &story->cli->arena, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct hop_state *state = &rows[i].states[hop];
        if (str_eq(rows[i].person, person.person.id) && state->state == word && state->why == why)
            return true;
    }
    return err_set(err, ERR_INTERNAL, "the story does not hold: hop %s of %s is not %s",
                   hop_name(hop), who, hop_word_name(word));
}

static bool look_later(struct story *story, int64_t ms, struct err *err)
{
    sim_advance(story->stage.sim, ms);
    return run(story, WORDS("reconcile"), err) && claim_outcome(story, EXIT_DONE, err);
}

/* The group in Okta is the first of five hops. */
static bool hops(struct story *story, struct err *err)
{
    static const char unassigned[] =
        "{remove: [kimura.sakura@example.com], actor: tanaka@example.com}";
    static const char assigned[] = "{add: [kimura.sakura@example.com], actor: tanaka@example.com}";
    static const char path[] = "/_sim/groups/AWS_SSO_Assigned/members";

    chapter(story, "A seat is five hops away");
    tell(story,
         "Being in the Okta group is not yet a seat: Okta has to push it to AWS IAM Identity "
         "Center.\nSakura is not assigned to the application that does so. Nobody has "
         "noticed.\n");
    if (!stage_control(&story->stage, HTTP_POST, path, unassigned, NULL, err) ||
        !run(story, WORDS("request", "grant", "kimura.sakura@example.com", "-e", "kiro-jp"), err) ||
        !claim_outcome(story, EXIT_DONE, err) || !look_later(story, 5 * TIME_MINUTE, err) ||
        !claim_hop(story, "alice@example.com", HOP_PUSHED, HOP_REACHED, HOP_CAUSE_NONE, err) ||
        !look_later(story, 2 * TIME_HOUR, err))
        return false;
    tell(story, "Alice arrived within minutes. Sakura did not, and is told apart:\n");
    if (!run(story, WORDS("drift"), err) ||
        !run(story, WORDS("explain", "kimura.sakura@example.com"), err) ||
        !claim_hop(story, "kimura.sakura@example.com", HOP_USER, HOP_LATE, HOP_CAUSE_NOT_ASSIGNED,
                   err))
        return false;
    tell(story, "Somebody follows the remedies: assigns her, and pushes the group once more.\n");
    if (!stage_control(&story->stage, HTTP_POST, path, assigned, NULL, err))
        return false;
    sim_advance(story->stage.sim, 5 * TIME_MINUTE);
    return stage_control(&story->stage, HTTP_POST, "/_sim/scim", "{repush: " GROUP "}", NULL,
                         err) &&
           look_later(story, 5 * TIME_MINUTE, err) &&
           claim_hop(story, "kimura.sakura@example.com", HOP_PUSHED, HOP_REACHED, HOP_CAUSE_NONE,
                     err) &&
           run(story, WORDS("seats"), err);
}

static bool by_hand(struct story *story, const char *body, struct err *err)
{
    sim_advance(story->stage.sim, 10 * TIME_MINUTE);
    return stage_control(&story->stage, HTTP_POST, "/_sim/groups/" GROUP "/members", body, NULL,
                         err);
}

static bool stranger(struct story *story, struct err *err)
{
    struct str id;

    chapter(story, "Somebody is added by hand");
    tell(story, "In Okta, tanaka@example.com puts Carol into " GROUP ". Nobody asked for "
                "her:\nthat is drift. She is not ours, so she is reported and left alone.\n");
    return by_hand(story, "{add: [carol@example.com], actor: tanaka@example.com}", err) &&
           run(story, WORDS("reconcile"), err) && run(story, WORDS("drift"), err) &&
           claim_finding(story, FINDING_UNMANAGED_MEMBER, "tanaka@example.com", &id, err) &&
           claim_members(story, "alice bob carol kimura.sakura", err);
}

static bool taken_out(struct story *story, struct err *err)
{
    struct str id;

    chapter(story, "Somebody is taken out by hand");
    tell(story, "kato.yui@example.com takes Bob out. There may be a reason: he is not put back "
                "until a\nperson says so.\n");
    if (!by_hand(story, "{remove: [bob@example.com], actor: kato.yui@example.com}", err) ||
        !run(story, WORDS("reconcile"), err) || !claim_outcome(story, EXIT_HELD, err) ||
        !claim_members(story, "alice carol kimura.sakura", err) ||
        !claim_finding(story, FINDING_REMOVED_OUTSIDE, "kato.yui@example.com", &id, err))
        return false;
    tell(story, "Yui took the wrong Bob. Somebody looks, and says so.\n");
    const char *finding = arena_cstr(&story->cli->arena, id);
    return run(story, WORDS("ack", finding, "--reason", "the wrong Bob, says Yui"), err) &&
           claim_outcome(story, EXIT_DONE, err) && run(story, WORDS("reconcile"), err) &&
           claim_outcome(story, EXIT_DONE, err) &&
           claim_members(story, "alice bob carol kimura.sakura", err);
}

static bool expiry(struct story *story, struct err *err)
{
    chapter(story, "A seat ends");
    tell(story, "Eight days pass. Bob's week is over.\n");
    sim_advance(story->stage.sim, 8 * TIME_DAY);
    return run(story, WORDS("reconcile"), err) && claim_outcome(story, EXIT_DONE, err) &&
           claim_members(story, "alice carol kimura.sakura", err) &&
           run(story, WORDS("explain", "bob@example.com"), err);
}

static bool broken_listing(struct story *story, struct err *err)
{
    static const char fault[] = "- match: {method: GET, path: \"/api/v1/groups/*/users\"}\n"
                                "  do: {empty_list: true}\n";
    int64_t before, after;
    struct str id;

    chapter(story, "Okta's list is wrong");
    tell(story, "Something breaks: the group's member list comes back empty, with status 200. "
                "Who believes\nit takes everybody's seat, or gives them all again.\n");
    if (!stage_writes(&story->stage, &before, err) ||
        !sim_load_faults(story->stage.sim, str_of(fault), err) ||
        !run(story, WORDS("reconcile"), err) || !claim_outcome(story, EXIT_HELD, err) ||
        !stage_writes(&story->stage, &after, err) ||
        !claim(before == after, "an empty list led to a write", err) ||
        !claim_members(story, "alice carol kimura.sakura", err))
        return false;
    tell(story, "Nothing was written, and from now on nobody is removed until a person has looked. "
                "Okta is\nrepaired; somebody looks.\n");
    sim_clear_faults(story->stage.sim);
    sim_advance(story->stage.sim, 10 * TIME_MINUTE);
    if (!run(story, WORDS("reconcile"), err) ||
        !claim_finding(story, FINDING_SHRUNK_LISTING, NULL, &id, err))
        return false;
    const char *finding = arena_cstr(&story->cli->arena, id);
    return run(story, WORDS("ack", finding, "--reason", "Okta is whole again"), err) &&
           claim_outcome(story, EXIT_DONE, err) && run(story, WORDS("reconcile"), err) &&
           claim_outcome(story, EXIT_DONE, err) &&
           claim_members(story, "alice carol kimura.sakura", err) &&
           claim(!claim_finding(story, FINDING_SHRUNK_LISTING, NULL, &id, NULL),
                 "the acknowledged listing is still reported", err);
}

static bool audit(struct story *story, struct err *err)
{
    chapter(story, "The books are in order");
    tell(story, "Every decision and change is a row of the audit trail, chained to the one "
                "before.\n");
    return run(story, WORDS("audit", "--verify"), err) && claim_outcome(story, EXIT_DONE, err);
}

static void where_to_go(struct story *story)
{
    chapter(story, "Where to go from here");
    tell(
        story,
        "Try it yourself:     seatkeeper sim --settings-out ./sim\n"
        "Against your Okta:   seatkeeper init ./seatkeeper, edit settings.yaml, seatkeeper check,\n"
        "                     seatkeeper doctor, seatkeeper plan. It begins in `mode: observe`,\n"
        "                     which changes nothing.\n"
        "What there is:       seatkeeper help");
}

/* ---- the command ---- */

static bool play(struct story *story, struct err *err)
{
    static bool (*const chapters[])(struct story * story, struct err * err) = {
        ask, again, hops, stranger, taken_out, expiry, broken_listing, audit,
    };

    tell(
        story,
        "A company of sixty keeps its Kiro seats with Seatkeeper. Its Okta and AWS are "
        "simulated inside this\nprocess, on a clock of its own: no network, no waiting, and the folder\n%s goes "
        "away at the end. Every command is the real one.\n",
        story->stage.folder);
    for (size_t i = 0; i < ARRAY_LEN(chapters); i++) {
        if (!chapters[i](story, err))
            return false;
    }
    where_to_go(story);
    return true;
}

bool cmd_demo(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct story story = {.cli = cli};

    if (!cli_parse(cli, argc, argv, NULL, 0, NULL, 0, 0, NULL, err) ||
        !stage_open(&story.stage, NULL, NULL, cli->cancel, err))
        return false;
    bool ok = play(&story, err);
    stage_close(&story.stage);
    return ok;
}
