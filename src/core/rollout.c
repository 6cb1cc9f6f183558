#include "core/rollout.h"

#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/vec.h"

#define WHOLE 10000 /* hundredths of a percent */

/* ---- what people write ---- */

/* `2.5` in hundredths; at most two digits after the point. */
static bool parse_hundredths(struct str text, int64_t *out)
{
    struct str fraction = text;
    struct str whole = str_cut(&fraction, '.');
    int64_t units, parts = 0;

    if (!str_to_i64(whole, &units) || units > 100)
        return false;
    if (fraction.ptr && (fraction.len < 1 || fraction.len > 2 || !str_to_i64(fraction, &parts)))
        return false;
    *out = units * 100 + (fraction.len == 1 ? parts * 10 : parts);
    return *out >= 0 && *out <= WHOLE;
}

/* `3` or `5%`. */
static bool parse_size(struct str text, bool *percent, int64_t *size)
{
    struct str trimmed = str_trim(text);

    *percent = str_ends(trimmed, STR("%"));
    if (*percent)
        return parse_hundredths(str_sub(trimmed, 0, trimmed.len - 1), size);
    return str_to_i64(trimmed, size) && *size >= 0;
}

/* Heads and percent cannot be compared before the cohort is known; rollout_reach sees to it that
 * a wave is never smaller than the one before. */
static bool is_after(const struct rollout_wave *waves, size_t n, const struct rollout_wave *wave)
{
    for (size_t i = 0; i < n; i++) {
        if (waves[i].percent == wave->percent && waves[i].size >= wave->size)
            return false;
    }
    return true;
}

static bool is_everybody(const struct rollout_wave *wave)
{
    return wave->percent && wave->size == WHOLE;
}

bool rollout_parse_waves(struct str text, struct arena *arena, const struct rollout_wave **out,
                         size_t *n, struct err *err)
{
    VEC_OF(struct rollout_wave) waves = {0};

    for (struct str rest = text; rest.ptr;) {
        struct str item = str_cut(&rest, ',');
        struct rollout_wave wave;

        if (waves.n == ROLLOUT_WAVES_MOST)
            return err_set(err, ERR_USAGE, "there are more than %d waves", ROLLOUT_WAVES_MOST);
        if (!parse_size(item, &wave.percent, &wave.size) || wave.size == 0) {
            return err_set(err, ERR_USAGE,
                           "`%.*s` is no size of a wave; write heads or percent, like 3,5%%,100%%",
                           STR_ARG(item));
        }
        if (!is_after(waves.items, waves.n, &wave)) {
            return err_set(err, ERR_USAGE,
                           "the wave `%.*s` is no larger than one before; sizes are cumulative",
                           STR_ARG(str_trim(item)));
        }
        VEC_PUSH(arena, &waves, wave);
    }
    if (waves.n == 0 || !is_everybody(&waves.items[waves.n - 1]))
        return err_set(err, ERR_USAGE, "the last wave has to be 100%%, which is everybody");
    *out = waves.items;
    *n = waves.n;
    return true;
}

bool rollout_parse_halt(struct str text, struct rollout_halt *out, struct err *err)
{
    struct rollout_halt halt;

    if (!parse_size(text, &halt.percent, &halt.size)) {
        return err_set(err, ERR_USAGE,
                       "`%.*s` is no number of failures; write heads or percent, like 2 or 2%%",
                       STR_ARG(text));
    }
    *out = halt;
    return true;
}

/* ---- waves ---- */

/* Rounded down: a wave is rather too small than too large. */
static size_t heads(const struct rollout_wave *wave, size_t cohort)
{
    uint64_t size = (uint64_t)wave->size;

    if (!wave->percent)
        return size < cohort ? (size_t)size : cohort;
    return (size_t)(((uint64_t)cohort / WHOLE) * size + ((uint64_t)cohort % WHOLE) * size / WHOLE);
}

size_t rollout_reach(const struct rollout_wave *waves, size_t n_waves, size_t wave, size_t cohort)
{
    size_t reach = 0;

    if (wave > n_waves)
        return cohort;
    for (size_t i = 0; i < wave; i++) {
        size_t own = heads(&waves[i], cohort);

        if (own <= reach)
            own = reach + 1;
        reach = own < cohort ? own : cohort;
    }
    return reach;
}

struct drawn {
    struct str person;
    unsigned char lot[SHA256_SIZE];
};

static int compare_lots(const void *a, const void *b)
{
    const struct drawn *da = a;
    const struct drawn *db = b;
    int order = memcmp(da->lot, db->lot, sizeof(da->lot));

    return order != 0 ? order : str_cmp(da->person, db->person);
}

void rollout_order(struct str rollout, struct str *people, size_t n, struct arena *arena)
{
    struct drawn *drawn = arena_array(arena, struct drawn, n);

    for (size_t i = 0; i < n; i++) {
        struct sha256 sha;

        drawn[i].person = people[i];
        sha256_init(&sha);
        sha256_add_field(&sha, rollout);
        sha256_add_field(&sha, people[i]);
        sha256_done(&sha, drawn[i].lot);
    }
    if (n > 1)
        qsort(drawn, n, sizeof(*drawn), compare_lots);
    for (size_t i = 0; i < n; i++)
        people[i] = drawn[i].person;
}

/* ---- words ---- */

static const char *const states[] = {
    [ROLLOUT_RUNNING] = "running", [ROLLOUT_PAUSED] = "paused",   [ROLLOUT_HALTED] = "halted",
    [ROLLOUT_DONE] = "done",       [ROLLOUT_ABORTED] = "aborted",
};

static const char *const places[] = {
    [ROLLOUT_WAITING] = "waiting", [ROLLOUT_ASKED] = "asked", [ROLLOUT_MOVED] = "moved",
    [ROLLOUT_FAILED] = "failed",   [ROLLOUT_GONE] = "gone",
};

static bool find_word(const char *const *words, size_t n, struct str word, size_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(word, words[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

const char *rollout_state_name(enum rollout_state state)
{
    return (size_t)state < ARRAY_LEN(states) ? states[state] : "unknown";
}

bool rollout_state_parse(struct str word, enum rollout_state *out)
{
    size_t found;

    if (!find_word(states, ARRAY_LEN(states), word, &found))
        return false;
    *out = (enum rollout_state)found;
    return true;
}

bool rollout_state_is_open(enum rollout_state state)
{
    return state == ROLLOUT_RUNNING || state == ROLLOUT_PAUSED || state == ROLLOUT_HALTED;
}

const char *rollout_place_name(enum rollout_place place)
{
    return (size_t)place < ARRAY_LEN(places) ? places[place] : "unknown";
}

bool rollout_place_parse(struct str word, enum rollout_place *out)
{
    size_t found;

    if (!find_word(places, ARRAY_LEN(places), word, &found))
        return false;
    *out = (enum rollout_place)found;
    return true;
}

/* ---- what comes next ---- */

static struct rollout_decision stay(struct str why)
{
    return (struct rollout_decision){.step = ROLLOUT_STAY, .why = why};
}

static struct str halt_words(const struct rollout_halt *halt, struct arena *arena)
{
    if (!halt->percent)
        return arena_printf(arena, "%lld", (long long)halt->size);
    if (halt->size % 100 == 0)
        return arena_printf(arena, "%lld%%", (long long)halt->size / 100);
    return arena_printf(arena, "%lld.%02lld%%", (long long)halt->size / 100,
                        (long long)halt->size % 100);
}

static bool is_too_much(const struct rollout_halt *halt, size_t failed, size_t asked)
{
    if (!halt->percent)
        return failed > (size_t)halt->size;
    return (uint64_t)failed * WHOLE > (uint64_t)halt->size * asked;
}

struct tally {
    size_t count[ROLLOUT_GONE + 1];
    size_t asked; /* in truth: whoever was gone before is not among them */
};

static struct tally tally(const struct rollout_facts *facts)
{
    struct tally tally = {0};

    for (size_t i = 0; i < facts->n; i++)
        tally.count[facts->places[i]]++;
    tally.asked =
        tally.count[ROLLOUT_ASKED] + tally.count[ROLLOUT_MOVED] + tally.count[ROLLOUT_FAILED];
    return tally;
}

static bool halts(const struct rollout_facts *facts, const struct tally *sum, struct arena *arena,
                  struct str *why)
{
    size_t failed = sum->count[ROLLOUT_FAILED];

    if (failed == 0)
        return false;
    if (facts->wave <= 1) {
        *why = arena_printf(arena, "%zu of the %zu people asked in the first wave failed", failed,
                            sum->asked);
        return true;
    }
    if (!is_too_much(&facts->halt_on, failed, sum->asked))
        return false;
    *why = arena_printf(arena, "%zu of the %zu people asked so far failed, which is more than %.*s",
                        failed, sum->asked, STR_ARG(halt_words(&facts->halt_on, arena)));
    return true;
}

/* What the waves begun so far still need before another may begin; empty: nothing. */
static struct str unproved(const struct rollout_facts *facts, const struct tally *sum,
                           struct arena *arena)
{
    size_t underway = sum->count[ROLLOUT_ASKED];

    if (facts->needs_confirm && !facts->confirmed) {
        return arena_printf(arena, "wave %zu waits %s a person %s it", facts->wave,
                            underway > 0 ? "until everybody asked is there and" : "for",
                            underway > 0 ? "confirms" : "to confirm");
    }
    if (underway > 0) {
        return arena_printf(arena, "%zu %s on the way to the new plan", underway,
                            underway == 1 ? "person is" : "people are");
    }
    if (facts->proved_at_ms == 0)
        return arena_printf(arena, "that wave %zu is through is not noted yet", facts->wave);
    return (struct str){0};
}

static struct rollout_decision finish(const struct tally *sum, struct arena *arena)
{
    return (struct rollout_decision){
        .step = ROLLOUT_FINISH,
        .why = arena_printf(arena, "everybody is through: %zu moved, %zu failed, %zu gone",
                            sum->count[ROLLOUT_MOVED], sum->count[ROLLOUT_FAILED],
                            sum->count[ROLLOUT_GONE]),
    };
}

struct rollout_decision rollout_decide(const struct rollout_facts *facts, struct arena *arena)
{
    size_t reach = rollout_reach(facts->waves, facts->n_waves, facts->wave, facts->n);
    struct tally sum = tally(facts);
    struct str why;

    if (facts->state != ROLLOUT_RUNNING)
        return stay(arena_printf(arena, "it is %s", rollout_state_name(facts->state)));
    if (halts(facts, &sum, arena, &why))
        return (struct rollout_decision){.step = ROLLOUT_HALT, .why = why};
    why = facts->wave > 0 ? unproved(facts, &sum, arena) : (struct str){0};
    if (why.len > 0)
        return stay(why);
    if (reach >= facts->n)
        return finish(&sum, arena);
    if (facts->wave > 0 && facts->now_ms - facts->proved_at_ms < facts->bake_ms) {
        return stay(
            arena_printf(arena, "wave %zu is through and bakes until %.*s", facts->wave,
                         STR_ARG(time_local_str(facts->proved_at_ms + facts->bake_ms, arena))));
    }
    size_t to = rollout_reach(facts->waves, facts->n_waves, facts->wave + 1, facts->n);
    return (struct rollout_decision){
        .step = ROLLOUT_BEGIN_WAVE,
        .from = reach,
        .to = to,
        .why = arena_printf(arena, "wave %zu begins with %zu %s", facts->wave + 1, to - reach,
                            to - reach == 1 ? "person" : "people"),
    };
}
