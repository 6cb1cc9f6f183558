#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "core/rollout_place.h"

#define NOW INT64_C(1777885960000)

static int up(void **state)
{
    static struct arena arena;

    arena_init(&arena, (size_t)16 << 20);
    *state = &arena;
    return 0;
}

static int down(void **state)
{
    arena_fini(*state);
    return 0;
}

/* ---- what people write ---- */

static const char *show_waves(const char *text, struct arena *arena)
{
    const struct rollout_wave *waves;
    struct str out = {"", 0};
    struct err err = {0};
    size_t n;

    if (!rollout_parse_waves(str_of(text), arena, &waves, &n, &err)) {
        assert_int_equal(err.kind, ERR_USAGE);
        return arena_printf(arena, "no: %s", err.msg).ptr;
    }
    for (size_t i = 0; i < n; i++) {
        out = arena_printf(arena, "%.*s%s%lld%s", STR_ARG(out), i ? " " : "",
                           (long long)waves[i].size, waves[i].percent ? "/10000" : "");
    }
    return out.ptr;
}

static void test_waves_are_heads_or_percent_and_end_with_everybody(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"3,5%,25%,100%", "3 500/10000 2500/10000 10000/10000"},
        {"100%", "10000/10000"},
        {" 1 , 0.5% , 100% ", "1 50/10000 10000/10000"},
        {"12.34%,100.00%", "1234/10000 10000/10000"},
        {"10,20,100%", "10 20 10000/10000"},
        {"", "no: `` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"3,,100%", "no: `` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"0,100%", "no: `0` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"0%,100%", "no: `0%` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"-1,100%", "no: `-1` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"5%%,100%", "no: `5%%` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"1.234%,100%",
         "no: `1.234%` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"1.%,100%", "no: `1.%` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"1.5,100%", "no: `1.5` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"101%", "no: `101%` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"100.01%", "no: `100.01%` is no size of a wave; write heads or percent, like 3,5%,100%"},
        {"3,3,100%", "no: the wave `3` is no larger than one before; sizes are cumulative"},
        {"25%,5%,100%", "no: the wave `5%` is no larger than one before; sizes are cumulative"},
        {"5,10%,4,100%", "no: the wave `4` is no larger than one before; sizes are cumulative"},
        {"100%,100%", "no: the wave `100%` is no larger than one before; sizes are cumulative"},
        {"100%,5", "no: the last wave has to be 100%, which is everybody"},
        {"3,5%", "no: the last wave has to be 100%, which is everybody"},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,100%",
         "no: there are more than 20 waves"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(show_waves(cases[i].text, *state), cases[i].want);
}

static const char *show_halt(const char *text, struct arena *arena)
{
    struct rollout_halt halt;
    struct err err = {0};

    if (!rollout_parse_halt(str_of(text), &halt, &err))
        return arena_printf(arena, "no: %s", err.msg).ptr;
    return arena_printf(arena, "%lld%s", (long long)halt.size, halt.percent ? "/10000" : "").ptr;
}

static void test_what_halts_is_heads_or_percent(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"2%", "200/10000"},
        {"0.25%", "25/10000"},
        {"0", "0"},
        {"0%", "0/10000"},
        {"7", "7"},
        {"100%", "10000/10000"},
        {"", "no: `` is no number of failures; write heads or percent, like 2 or 2%"},
        {"%", "no: `%` is no number of failures; write heads or percent, like 2 or 2%"},
        {"-2", "no: `-2` is no number of failures; write heads or percent, like 2 or 2%"},
        {"200%", "no: `200%` is no number of failures; write heads or percent, like 2 or 2%"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(show_halt(cases[i].text, *state), cases[i].want);
}

/* ---- waves ---- */

static void test_a_wave_reaches_further_than_the_one_before_while_anybody_is_left(void **state)
{
    static const struct {
        const char *waves;
        size_t cohort;
        const char *want; /* after 0, 1, 2, ... waves, and one beyond the last */
    } cases[] = {
        {"3,5%,25%,100%", 1000, "0 3 50 250 1000 1000"},
        {"3,5%,25%,100%", 20, "0 3 4 5 20 20"},
        {"3,5%,25%,100%", 4, "0 3 4 4 4 4"},
        {"3,5%,25%,100%", 1, "0 1 1 1 1 1"},
        {"3,5%,25%,100%", 0, "0 0 0 0 0 0"},
        {"1%,100%", 99, "0 1 99 99"}, /* rounded down, but somebody */
        {"33.33%,100%", 3, "0 1 3 3"},
        {"25%,100%", 30, "0 7 30 30"},
        {"5%,3,100%", 100, "0 5 6 100 100"},
        {"99.99%,100%", 1000000, "0 999900 1000000 1000000"},
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct rollout_wave *waves;
        struct str out = {"", 0};
        struct err err = {0};
        size_t n;

        assert_true(rollout_parse_waves(str_of(cases[i].waves), arena, &waves, &n, &err));
        for (size_t wave = 0; wave <= n + 1; wave++) {
            out = arena_printf(arena, "%.*s%s%zu", STR_ARG(out), wave ? " " : "",
                               rollout_reach(waves, n, wave, cases[i].cohort));
        }
        assert_string_equal(out.ptr, cases[i].want);
    }
}

static const char *order_of(const char *rollout, const char *people, struct arena *arena)
{
    struct str items[16], out = {"", 0};
    size_t n = 0;

    for (struct str rest = str_of(people); rest.ptr;)
        items[n++] = str_cut(&rest, ' ');
    rollout_order(str_of(rollout), items, n, arena);
    for (size_t i = 0; i < n; i++)
        out = arena_printf(arena, "%.*s%s%.*s", STR_ARG(out), i ? " " : "", STR_ARG(items[i]));
    return out.ptr;
}

static void test_the_order_is_the_rollouts_own_and_nobodys_name(void **state)
{
    const char *one = order_of("w1", "a b c d e f g h", *state);

    assert_string_equal(one, order_of("w1", "h g f e d c b a", *state)); /* stable */
    assert_string_not_equal(one, "a b c d e f g h");
    assert_string_not_equal(one, order_of("w2", "a b c d e f g h", *state));
    assert_string_equal(order_of("w1", "", *state), "");
    /* Which it is for good: an order that changed with the program would move people twice. */
    assert_string_equal(one, "e f a h g b d c");
}

/* ---- what comes next ---- */

struct next_case {
    const char *name;
    const char *places; /* w a m f g */
    size_t wave;
    int64_t proved_ago; /* -1: not */
    bool proved_ahead;  /* a day from now: the clock was put back */
    bool needs_confirm, confirmed;
    const char *halt_on;
    enum rollout_state state;
    const char *want;
};

static enum rollout_place place_of(char c)
{
    switch (c) {
    case 'a': return ROLLOUT_ASKED;
    case 'm': return ROLLOUT_MOVED;
    case 'f': return ROLLOUT_FAILED;
    case 'g': return ROLLOUT_GONE;
    default: return ROLLOUT_WAITING;
    }
}

static const char *show_next(const struct next_case *c, struct arena *arena)
{
    static const char *const steps[] = {"stay", "begin", "halt", "finish"};
    struct str text = str_of(c->places);
    enum rollout_place *places = arena_array(arena, enum rollout_place, text.len);
    struct rollout_facts facts = {
        .state = c->state,
        .wave = c->wave,
        .places = places,
        .n = text.len,
        .proved_at_ms = c->proved_ago < 0 ? 0 : NOW - c->proved_ago,
        .confirmed = c->confirmed,
        .needs_confirm = c->needs_confirm,
        .bake_ms = TIME_DAY,
        .now_ms = NOW,
    };
    struct err err = {0};

    if (c->proved_ahead)
        facts.proved_at_ms = NOW + TIME_DAY;
    for (size_t i = 0; i < text.len; i++)
        places[i] = place_of(text.ptr[i]);
    assert_true(rollout_parse_waves(STR("2,50%,100%"), arena, &facts.waves, &facts.n_waves, &err));
    assert_true(rollout_parse_halt(str_of(c->halt_on ? c->halt_on : "25%"), &facts.halt_on, &err));
    struct rollout_decision next = rollout_decide(&facts, arena);
    if (next.step == ROLLOUT_BEGIN_WAVE) {
        return arena_printf(arena, "begin %zu..%zu: %.*s", next.from, next.to, STR_ARG(next.why))
            .ptr;
    }
    return arena_printf(arena, "%s: %.*s", steps[next.step], STR_ARG(next.why)).ptr;
}

static const struct next_case next_cases[] = {
    {.name = "the first wave begins at once",
     .places = "wwwwwwww",
     .proved_ago = -1,
     .want = "begin 0..2: wave 1 begins with 2 people"},
    {.name = "who is under way is waited for",
     .places = "amwwwwww",
     .wave = 1,
     .proved_ago = -1,
     .want = "stay: 1 person is on the way to the new plan"},
    {.name = "through, but nobody has noted since when",
     .places = "mmwwwwww",
     .wave = 1,
     .proved_ago = -1,
     .want = "stay: that wave 1 is through is not noted yet"},
    {.name = "a wave bakes",
     .places = "mmwwwwww",
     .wave = 1,
     .proved_ago = TIME_DAY - 1,
     .want = "stay: wave 1 is through and bakes until 2026-05-04 09:12"},
    {.name = "and is done to the millisecond",
     .places = "mmwwwwww",
     .wave = 1,
     .proved_ago = TIME_DAY,
     .want = "begin 2..4: wave 2 begins with 2 people"},
    {.name = "a person's word is waited for, however long it bakes",
     .places = "mmwwwwww",
     .wave = 1,
     .proved_ago = 9 * TIME_DAY,
     .needs_confirm = true,
     .want = "stay: wave 1 waits for a person to confirm it"},
    {.name = "while some are under way, both are said",
     .places = "mawwwwww",
     .wave = 1,
     .proved_ago = -1,
     .needs_confirm = true,
     .want = "stay: wave 1 waits until everybody asked is there and a person confirms it"},
    {.name = "and given",
     .places = "mmwwwwww",
     .wave = 1,
     .proved_ago = 9 * TIME_DAY,
     .needs_confirm = true,
     .confirmed = true,
     .want = "begin 2..4: wave 2 begins with 2 people"},
    {.name = "any failure in the first wave halts, whatever the share",
     .places = "mfwwwwww",
     .wave = 1,
     .proved_ago = TIME_DAY,
     .halt_on = "100%",
     .want = "halt: 1 of the 2 people asked in the first wave failed"},
    {.name = "even while others are under way",
     .places = "afwwwwww",
     .wave = 1,
     .proved_ago = -1,
     .want = "halt: 1 of the 2 people asked in the first wave failed"},
    {.name = "later exactly the share does not halt",
     .places = "mmmfwwww",
     .wave = 2,
     .proved_ago = TIME_DAY,
     .want = "begin 4..8: wave 3 begins with 4 people"},
    {.name = "but more than it does",
     .places = "mmmfwwww",
     .wave = 2,
     .proved_ago = TIME_DAY,
     .halt_on = "24.99%",
     .want = "halt: 1 of the 4 people asked so far failed, which is more than 24.99%"},
    {.name = "who was gone does not water the share down",
     .places = "gmmfwwww",
     .wave = 2,
     .proved_ago = TIME_DAY,
     .want = "halt: 1 of the 3 people asked so far failed, which is more than 25%"},
    {.name = "heads: as many as that do not halt",
     .places = "mmffwwww",
     .wave = 2,
     .proved_ago = TIME_DAY,
     .halt_on = "2",
     .want = "begin 4..8: wave 3 begins with 4 people"},
    {.name = "heads: one more does",
     .places = "mfffwwww",
     .wave = 2,
     .proved_ago = TIME_DAY,
     .halt_on = "2",
     .want = "halt: 3 of the 4 people asked so far failed, which is more than 2"},
    {.name = "a wave of which everybody was gone is no reason to stop",
     .places = "ggwwwwww",
     .wave = 1,
     .proved_ago = TIME_DAY,
     .want = "begin 2..4: wave 2 begins with 2 people"},
    {.name = "the last wave does not bake: nothing comes after it",
     .places = "mmmmmfgm",
     .wave = 3,
     .proved_ago = 0,
     .want = "finish: everybody is through: 6 moved, 1 failed, 1 gone"},
    {.name = "but it is confirmed like any other",
     .places = "mmmmmmmm",
     .wave = 3,
     .proved_ago = 0,
     .needs_confirm = true,
     .want = "stay: wave 3 waits for a person to confirm it"},
    {.name = "waves without anybody left are not begun",
     .places = "mm",
     .wave = 1,
     .proved_ago = 0,
     .want = "finish: everybody is through: 2 moved, 0 failed, 0 gone"},
    {.name = "a proof in the time to come is no bake",
     .places = "mmwwwwww",
     .wave = 1,
     .proved_ahead = true,
     .want = "stay: wave 1 is through and bakes until 2026-05-06 09:12"},
    {.name = "paused: nothing, not even a halt",
     .places = "mfwwwwww",
     .wave = 1,
     .proved_ago = TIME_DAY,
     .state = ROLLOUT_PAUSED,
     .want = "stay: it is paused"},
    {.name = "halted",
     .places = "mmwwwwww",
     .wave = 1,
     .proved_ago = TIME_DAY,
     .state = ROLLOUT_HALTED,
     .want = "stay: it is halted"},
};

static void test_the_next_step_follows_from_where_everybody_stands(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(next_cases); i++) {
        const struct next_case *c = &next_cases[i];
        const char *got = show_next(c, *state);
        if (!str_is(str_of(got), c->want))
            fail_msg("%s: %s, not %s", c->name, got, c->want);
    }
}

/* ---- where one stands ---- */

struct stand_case {
    const char *name;
    struct rollout_sight sight;
    const char *hops; /* okta user pushed seat in_use: r reached, w on its way, l late, ? unknown, -
                         not applicable; NULL: never followed */
    int64_t pushed_ago;
    const char *want;
};

static enum hop_word hop_word_of(char c)
{
    switch (c) {
    case 'r': return HOP_REACHED;
    case 'w': return HOP_ON_ITS_WAY;
    case 'l': return HOP_LATE;
    case '?': return HOP_UNKNOWN;
    default: return HOP_NOT_APPLICABLE;
    }
}

static const char *show_standing(const struct stand_case *c, struct arena *arena)
{
    struct hop_state hops[HOP_COUNT] = {0};
    struct rollout_sight sight = c->sight;

    for (int hop = 0; c->hops && hop < HOP_COUNT; hop++) {
        hops[hop] = (struct hop_state){.hop = (enum hop)hop, .state = hop_word_of(c->hops[hop])};
        hops[hop].since_ms = NOW - c->pushed_ago;
    }
    sight.hops = c->hops ? hops : NULL;
    sight.hops_seen_ms = NOW;
    sight.now_ms = NOW;
    struct rollout_standing standing = rollout_stand(&sight);
    return arena_printf(arena, "%s%s%s%.*s", rollout_place_name(standing.place),
                        standing.arrived ? " arrived" : "", standing.why.len ? ": " : "",
                        STR_ARG(standing.why))
        .ptr;
}

#define ACCEPTED .is_filed = true, .request_state = REQUEST_ACCEPTED
#define HOLDS    ACCEPTED, .is_granted = true
#define IN_GROUP HOLDS, .is_listed = true, .in_group = true

#define ASKED    (NOW - TIME_HOUR)
#define LONG_AGO (NOW - 2 * TIME_DAY)

static const struct stand_case stand_cases[] = {
    {.name = "nobody has asked yet", .sight = {.place = ROLLOUT_WAITING}, .want = "waiting"},
    {.name = "joined, and the subscription is seen",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP},
     .hops = "rrrrw",
     .want = "moved arrived"},
    {.name = "no subscription yet: the push is not enough where seats are seen",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP, .confirmed = true},
     .hops = "rrrww",
     .pushed_ago = 9 * TIME_DAY,
     .want = "asked"},
    {.name = "subscriptions could not be read",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP, .confirmed = true},
     .hops = "rrr?"
             "?",
     .pushed_ago = 9 * TIME_DAY,
     .want = "asked"},
    {.name = "pushed for a day, where only Identity Center is followed",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP},
     .hops = "rrr--",
     .pushed_ago = TIME_DAY,
     .want = "moved arrived"},
    {.name = "for a day less a millisecond",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP, .confirmed = true},
     .hops = "rrr--",
     .pushed_ago = TIME_DAY - 1,
     .want = "asked arrived"},
    {.name = "for a day by a clock that has jumped since",
     .sight =
         {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP, .steady_ms = NOW - TIME_DAY + 1},
     .hops = "rrr--",
     .pushed_ago = TIME_DAY,
     .want = "asked arrived"},
    {.name = "since a time that has not come, by a clock that jumped back a day ago",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP, .steady_ms = NOW - TIME_DAY},
     .hops = "rrr--",
     .pushed_ago = -TIME_HOUR,
     .want = "moved arrived"},
    {.name = "Okta is all there is: a person says so",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP},
     .hops = "r----",
     .want = "asked arrived"},
    {.name = "and has said so",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP, .confirmed = true},
     .hops = "r----",
     .want = "moved arrived"},
    {.name = "a word does not move who is not in the group",
     .sight = {.place = ROLLOUT_ASKED,
               .asked_at_ms = ASKED,
               HOLDS,
               .is_listed = true,
               .confirmed = true},
     .hops = "r----",
     .want = "asked"},
    {.name = "nor what a listing that was cut off shows",
     .sight =
         {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, HOLDS, .in_group = true, .confirmed = true},
     .hops = "r----",
     .want = "asked"},
    {.name = "nor before the seat was ever followed",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = ASKED, IN_GROUP, .confirmed = true},
     .want = "asked"},
    {.name = "two days without arriving",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = LONG_AGO, HOLDS, .is_listed = true},
     .hops = "wwww-",
     .want = "failed: did not arrive on the new plan within 2 days"},
    {.name = "two days less a millisecond",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = LONG_AGO + 1, HOLDS, .is_listed = true},
     .hops = "wwww-",
     .want = "asked"},
    {.name = "who has arrived does not fail by waiting for a person's word",
     .sight = {.place = ROLLOUT_ASKED, .asked_at_ms = LONG_AGO, IN_GROUP},
     .hops = "r----",
     .want = "asked arrived"},
    {.name = "who failed stays so without news",
     .sight = {.place = ROLLOUT_FAILED, .asked_at_ms = NOW, HOLDS, .is_listed = true},
     .hops = "wwww-",
     .want = "failed: did not arrive on the new plan within 2 days"},
    {.name = "and may still arrive",
     .sight = {.place = ROLLOUT_FAILED, .asked_at_ms = LONG_AGO, IN_GROUP},
     .hops = "rrrr-",
     .want = "moved arrived"},
    {.name = "but is not counted as under way again by half of it",
     .sight = {.place = ROLLOUT_FAILED, .asked_at_ms = LONG_AGO, IN_GROUP},
     .hops = "r----",
     .want = "failed arrived"},
    {.name = "denied",
     .sight = {.place = ROLLOUT_ASKED,
               .asked_at_ms = ASKED,
               .is_filed = true,
               .request_state = REQUEST_DENIED,
               .request_reason = STR("no")},
     .want = "failed: no"},
    {.name = "cancelled",
     .sight = {.place = ROLLOUT_ASKED,
               .asked_at_ms = ASKED,
               .is_filed = true,
               .request_state = REQUEST_CANCELLED,
               .request_reason = STR("taken back")},
     .want = "failed: taken back"},
    {.name = "still open",
     .sight = {.place = ROLLOUT_ASKED,
               .asked_at_ms = LONG_AGO,
               .is_filed = true,
               .request_state = REQUEST_AWAITING_APPROVAL},
     .want = "asked"},
    {.name = "the grant ended otherwise",
     .sight =
         {.place = ROLLOUT_ASKED, .asked_at_ms = LONG_AGO, ACCEPTED, .lost_why = STR("revoked")},
     .want = "gone: revoked"},
    {.name = "what was proved stays proved",
     .sight = {.place = ROLLOUT_MOVED, .asked_at_ms = LONG_AGO, ACCEPTED},
     .want = "moved arrived"},
    {.name = "and who is gone stays gone",
     .sight = {.place = ROLLOUT_GONE, .asked_at_ms = LONG_AGO, IN_GROUP},
     .hops = "rrrr-",
     .want = "gone"},
};

static void test_a_place_follows_from_the_request_the_grant_and_the_hops(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(stand_cases); i++) {
        const struct stand_case *c = &stand_cases[i];
        const char *got = show_standing(c, *state);
        if (!str_is(str_of(got), c->want))
            fail_msg("%s: %s, not %s", c->name, got, c->want);
    }
}

/* ---- words ---- */

static void test_words_are_read_as_they_are_written(void **state)
{
    enum rollout_state read_state;
    enum rollout_place read_place;

    (void)state;
    for (int i = ROLLOUT_RUNNING; i <= ROLLOUT_ABORTED; i++) {
        const char *word = rollout_state_name((enum rollout_state)i);
        assert_true(rollout_state_parse(str_of(word), &read_state));
        assert_int_equal(read_state, i);
        assert_int_equal(rollout_state_is_open(read_state), i <= ROLLOUT_HALTED);
    }
    for (int i = ROLLOUT_WAITING; i <= ROLLOUT_GONE; i++) {
        const char *word = rollout_place_name((enum rollout_place)i);
        assert_true(rollout_place_parse(str_of(word), &read_place));
        assert_int_equal(read_place, i);
    }
    assert_false(rollout_state_parse(STR("Running"), &read_state));
    assert_false(rollout_place_parse(STR(""), &read_place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waves_are_heads_or_percent_and_end_with_everybody),
        cmocka_unit_test(test_what_halts_is_heads_or_percent),
        cmocka_unit_test(test_a_wave_reaches_further_than_the_one_before_while_anybody_is_left),
        cmocka_unit_test(test_the_order_is_the_rollouts_own_and_nobodys_name),
        cmocka_unit_test(test_the_next_step_follows_from_where_everybody_stands),
        cmocka_unit_test(test_a_place_follows_from_the_request_the_grant_and_the_hops),
        cmocka_unit_test(test_words_are_read_as_they_are_written),
    };

    return cmocka_run_group_tests_name("core.rollout", tests, up, down);
}
