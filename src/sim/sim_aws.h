#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/json_out.h"
#include "sim/sim_idc.h"
#include "sim/sim_request.h"

/*
 * What the simulated AWS answers: Identity Store, IdC admin, STS, user subscriptions by both of
 * their protocols, instance and container metadata, all behind the one origin. Contract: aws.md.
 * Everything runs with the lock held.
 */

enum sim_aws_service {
    SIM_AWS_IDENTITYSTORE,
    SIM_AWS_SSO,
    SIM_AWS_STS,
    SIM_AWS_METADATA,
    SIM_AWS_CONTAINER,
    SIM_AWS_SUBSCRIPTIONS, /* claims */
    SIM_AWS_Q,             /* assignments */
    SIM_AWS_CODEWHISPERER, /* profiles: known, and knows no operation */
    SIM_AWS_OTHER,         /* a target that nobody here knows */
};

/* Which call this is, told without looking at credentials. */
struct sim_aws_name {
    enum sim_aws_service service;
    struct str operation; /* ListUsers; empty for metadata */
    struct str label;     /* AWSIdentityStore.ListUsers, as the history shows it */
};
/* False: this is for Okta. Texts lent by the request or in arena. */
bool sim_aws_recognise(const struct sim_request *req, struct arena *arena,
                       struct sim_aws_name *out);
/* Does the request's body speak of that group or person? Names, ids of either side, logins. */
bool sim_aws_about_group(struct sim *sim, const struct sim_request *req, struct str wanted);
bool sim_aws_about_person(struct sim *sim, const struct sim_request *req, struct str wanted);

/* The whole answer; what goes before and after is sim_handle.c's. */
void sim_aws_answer(struct sim_call *call);
/* The error or body that a fault script asks for instead of an answer. */
void sim_aws_play_status(struct sim_call *call);
/* The body that an unsigned request gets from a service it did not mean (trap 3). */
void sim_aws_put_xml(struct sim_call *call);

struct sim_aws_error {
    const char *code;                   /* ConflictException */
    const char *reason, *resource_type; /* NULL: none */
    int64_t retry_after_ms;             /* 0: none */
};
/* An error in the form of the call's service. Text is printed. */
void sim_aws_fail(struct sim_call *call, struct sim_aws_error error, struct str message);
/* An error of the door, before the service: codes without a namespace. */
enum sim_aws_refusal {
    SIM_AWS_INCOMPLETE,
    SIM_AWS_UNKNOWN_KEY,
    SIM_AWS_EXPIRED,
    SIM_AWS_BAD_SIGNATURE,
};
void sim_aws_refuse(struct sim_call *call, enum sim_aws_refusal why, struct str message);
/* The content type of the call's service. */
const char *sim_aws_type(const struct sim_call *call);
/* A throttled call, as the fault script asks. */
void sim_aws_play_rate(struct sim_call *call);

/* Whose signature is it? `service` as in the scope; `*region` is the scope's. False with the answer
 * made (sim_aws_auth.c). */
bool sim_aws_authenticate(struct sim_call *call, const char *service, const struct sim_key **key,
                          struct str *region);
bool sim_aws_is_forbidden(struct str action); /* to everybody */
/* The policy: false with the answer made. `action` as `identitystore:ListUsers`. */
bool sim_aws_may(struct sim_call *call, const struct sim_key *key, struct str action);

/* One JSON call. */
struct sim_aws_call {
    struct sim_call *call;
    struct sim *sim;
    const struct json *in;
    struct json_out out; /* the answer's object, open */
    const struct sim_key *key;
    struct str region;   /* of the scope */
    bool is_empty_store; /* IdentityStoreId is that of another instance */
};

/* Members of the input. False with a ValidationException. */
bool sim_aws_text(struct sim_aws_call *call, const char *name, struct str *out);
bool sim_aws_text_opt(struct sim_aws_call *call, const char *name, struct str *out);
/* Members that this operation does not have, and null, are refused; NULL ends the names. */
bool sim_aws_only(struct sim_aws_call *call, const char *const *names);
void sim_aws_invalid(struct sim_aws_call *call, struct str message);
void sim_aws_absent(struct sim_aws_call *call, const char *resource_type, const char *what);

/*
 * A page of a list, by positions:
 *
 *     if (!sim_aws_page_open(&page, call, "Users", binding))
 *         return;
 *     for (i = page.position; i < n && !page.full; i++)
 *         if (sim_aws_page_offers(&page, hash of item i)) {
 *             ... write it ...
 *             sim_aws_page_wrote(&page);
 *         }
 *     sim_aws_page_close(&page, i, i < n);
 */
struct sim_aws_paging {
    const char *limit, *token, *limit_name; /* members, and how a refusal calls the first */
    int64_t most;
};
struct sim_aws_page {
    struct sim_aws_call *call;
    const struct sim_aws_paging *how; /* by the service */
    const char *list;
    size_t limit, n;
    uint64_t position, binding;
    unsigned variant; /* tells tokens of one position apart */
    struct str token; /* as it came */
    size_t began_at;  /* of the item */
    bool full;
};
/* `about`: what a token is good for, besides the operation and the store. */
bool sim_aws_page_open(struct sim_aws_page *page, struct sim_aws_call *call, const char *list,
                       struct str about);
bool sim_aws_page_offers(struct sim_aws_page *page, uint32_t hash);
void sim_aws_page_wrote(struct sim_aws_page *page);
void sim_aws_page_close(struct sim_aws_page *page, uint64_t next, bool more);

/* ---- operations: they write members into call->out, or fail ---- */
void sim_idc_list_instances(struct sim_aws_call *call); /* sim_idc_admin.c */
void sim_idc_describe_instance(struct sim_aws_call *call);
void sim_idc_list_apps(struct sim_aws_call *call);
void sim_idc_describe_app(struct sim_aws_call *call);
void sim_idc_app_config(struct sim_aws_call *call);
void sim_idc_list_assignments(struct sim_aws_call *call);
void sim_store_list_users(struct sim_aws_call *call); /* sim_store_users.c */
void sim_store_describe_user(struct sim_aws_call *call);
void sim_store_get_user_id(struct sim_aws_call *call);
void sim_store_list_groups(struct sim_aws_call *call); /* sim_store_groups.c */
void sim_store_describe_group(struct sim_aws_call *call);
void sim_store_get_group_id(struct sim_aws_call *call);
void sim_store_list_members(struct sim_aws_call *call); /* sim_store_members.c */
void sim_store_list_of_member(struct sim_aws_call *call);
void sim_store_get_membership(struct sim_aws_call *call);
void sim_store_describe_membership(struct sim_aws_call *call);
void sim_store_are_members(struct sim_aws_call *call);
void sim_store_create_membership(struct sim_aws_call *call);
void sim_store_delete_membership(struct sim_aws_call *call);
void sim_subs_list_subscriptions(struct sim_aws_call *call); /* sim_subs_list.c */
void sim_subs_list_claims(struct sim_aws_call *call);
void sim_subs_create_claim(struct sim_aws_call *call); /* sim_subs_write.c */
void sim_subs_update_claim(struct sim_aws_call *call);
void sim_subs_delete_claim(struct sim_aws_call *call);
void sim_subs_create_assignment(struct sim_aws_call *call);
void sim_subs_update_assignment(struct sim_aws_call *call);
void sim_subs_delete_assignment(struct sim_aws_call *call);

/* What these have in common: the profile of `subscriptionRegion`, and the instance that is ours.
 * False with the answer made. */
bool sim_subs_read_profile(struct sim_aws_call *call, uint8_t *out);
bool sim_subs_read_instance(struct sim_aws_call *call, bool *is_ours);
bool sim_subs_read_app(struct sim_aws_call *call, uint8_t profile);

/* AlternateIdentifier: exactly one of UniqueAttribute and ExternalId. */
struct sim_alternate {
    struct str path, value; /* UniqueAttribute; path empty: the other one */
    struct str issuer, id;
};
bool sim_aws_alternate(struct sim_aws_call *call, struct sim_alternate *out);
/* The user or group that the input's UserId, MemberId.UserId or GroupId names; SIM_NOBODY with the
 * answer made. */
uint32_t sim_aws_group(struct sim_aws_call *call);
uint32_t sim_aws_member(struct sim_aws_call *call);

/* Parts that users and groups share. */
void sim_store_put_external(struct sim_aws_call *call, struct str id, struct str issuer);
bool sim_store_read_filter(struct sim_aws_call *call, const char *path, struct str *out);

/* ---- the other doors ---- */
/* A field of the form in the body, decoded, in arena; empty when it is not there. */
struct str sim_sts_field(const struct sim_request *req, const char *name, struct arena *arena);
/* The body of an error; the status is set already. */
void sim_sts_error(struct sim_call *call, const char *code, struct str message);
void sim_sts_answer(struct sim_call *call);
void sim_imds_answer(struct sim_call *call);
void sim_container_answer(struct sim_call *call);
