#include "engine/findings_inside.h"

/* What the remotes themselves give reason to say, whoever is in which group. */

void findings_of_instance(struct maker *maker)
{
    const struct seen_instance *instance = maker->in->instance;

    if (instance->changed) {
        findings_add(
            maker,
            (struct finding){
                .kind = FINDING_INSTANCE_CHANGED,
                .severity = SEVERITY_PAGE,
                .detail = instance->why,
                .remedy =
                    STR("nothing is written until a person confirms that this is the right Okta"),
                .subject = arena_printf(maker->arena, "%.*s %.*s", STR_ARG(instance->url),
                                        STR_ARG(instance->org)),
                .may_ack = true,
            });
    }
    if (instance->unreadable) {
        findings_add(maker, (struct finding){
                                .kind = FINDING_REMOTE_UNAVAILABLE,
                                .severity = SEVERITY_TICKET,
                                .detail = instance->why,
                                .remedy = STR("nothing was changed; the next run tries again"),
                            });
    }
    if (maker->in->foreign_self) {
        findings_add(
            maker, (struct finding){
                       .kind = FINDING_FOREIGN_SELF,
                       .severity = SEVERITY_PAGE,
                       .detail = maker->in->foreign_why,
                       .remedy = STR(
                           "stop the other copy, or acknowledge that this ledger is the right one"),
                       .subject = maker->in->foreign_subject,
                       .may_ack = true,
                   });
    }
    const struct decision *decision = maker->in->decision;
    if (decision && !decision->input.clock_ok && instance->ok) {
        findings_add(
            maker,
            (struct finding){
                .kind = FINDING_CLOCK,
                .severity = SEVERITY_TICKET,
                .detail = decision->input.clock_why,
                .remedy = STR(
                    "no expiry is carried out until the clocks agree; check time synchronisation"),
            });
    }
}

/* What the rows of the service say by themselves. Orphans are not looked for: the whole directory
 * is listed once a day at most, and a finding must not come and go with that. */
static void from_rows(struct maker *maker)
{
    const struct findings_input *in = maker->in;
    struct sub_input input = {
        .policy = &in->world->settings->policy,
        .observed = in->world->subs != NULL,
        .sealed = in->subs->ok,
        .seats = in->followed->subscribed,
        .n_seats = in->followed->n_subscribed,
        .now_ms = in->roll->now_ms,
    };

    input.rows = subs_rows(in->world, in->store, in->subs, in->roll, maker->arena, &input.n_rows);
    struct sub_verdict verdict = sub_findings(&input, maker->arena);
    for (size_t i = 0; i < verdict.n; i++)
        findings_add(maker, verdict.findings[i]);
}

static void from_subs(struct maker *maker)
{
    const struct seen_subs *subs = maker->in->subs;

    if (subs->unreadable) {
        findings_add(maker,
                     (struct finding){
                         .kind = FINDING_REMOTE_UNAVAILABLE,
                         .severity = SEVERITY_TICKET,
                         .hop = STR("seat"),
                         .detail = subs->why,
                         .remedy = STR("nothing is concluded from it; the next run looks again"),
                     });
    }
    if (subs->shrunk_subject.len > 0) {
        findings_add(
            maker, (struct finding){
                       .kind = FINDING_SHRUNK_LISTING,
                       .severity = SEVERITY_PAGE,
                       .hop = STR("seat"),
                       .detail = subs->shrunk_why,
                       .remedy = STR("nothing is concluded from it until a list is whole again or "
                                     "a person confirms it"),
                       .subject = subs->shrunk_subject,
                       .may_ack = true,
                   });
    }
    from_rows(maker);
}

void findings_of_store(struct maker *maker)
{
    const struct seen_store *store = maker->in->store;

    if (store->changed) {
        findings_add(maker,
                     (struct finding){
                         .kind = FINDING_INSTANCE_CHANGED,
                         .severity = SEVERITY_PAGE,
                         .hop = STR("user"),
                         .detail = store->why,
                         .remedy = store->subject.len > 0
                                       ? STR("nothing is written until a person confirms that this "
                                             "is the right account and instance")
                                       : STR("nothing is written until the settings and AWS agree "
                                             "about the account and the instance"),
                         .subject = store->subject,
                         .may_ack = store->subject.len > 0,
                     });
    }
    if (store->unreadable) {
        findings_add(
            maker, (struct finding){
                       .kind = FINDING_REMOTE_UNAVAILABLE,
                       .severity = SEVERITY_TICKET,
                       .hop = STR("user"),
                       .detail = store->why,
                       .remedy = STR("what happens behind Okta is not known for now; the next run "
                                     "looks again"),
                   });
    }
    for (size_t i = 0; i < store->conflicts.n; i++) {
        const struct store_conflict *conflict = &store->conflicts.items[i];
        findings_add(maker,
                     (struct finding){
                         .kind = FINDING_IDENTITY_CONFLICT,
                         .severity = SEVERITY_TICKET,
                         .person = conflict->person,
                         .login = conflict->login,
                         .hop = STR("user"),
                         .detail = conflict->why,
                         .remedy = STR("leave one of the two users in Identity Center; until then "
                                       "neither is taken for this person"),
                     });
    }
    from_subs(maker);
    for (size_t i = 0; i < maker->in->followed->n_findings; i++)
        findings_add(maker, maker->in->followed->findings[i]);
}
