#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/sim_request.h"

/*
 * Bytes as a request to the simulated cloud: the first line is the method, the second the target,
 * then headers until an empty line, then the body. `A` stands for the credential as a header. The
 * cloud lives on from input to input, for a while, and may not fall over.
 */

#define INPUTS_A_CLOUD 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sim *cloud(void)
{
    static struct sim *sim;
    static unsigned n_inputs;
    struct sim_options options = {.seed = 1, .start_ms = INT64_C(1777885960000)};
    struct err err = {0};

    if (n_inputs++ % INPUTS_A_CLOUD == 0) {
        json_init();
        sim_free(sim);
        sim = sim_new(&options, &err);
        if (!sim)
            abort();
    }
    return sim;
}

static enum http_method method_of(struct str line)
{
    static const enum http_method methods[] = {HTTP_GET, HTTP_PUT, HTTP_POST, HTTP_DELETE,
                                               HTTP_PATCH};

    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (str_is(line, http_method_name(methods[i])))
            return methods[i];
    }
    return methods[line.len % ARRAY_LEN(methods)];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim *sim = cloud();
    struct str rest = {(const char *)data, size};
    struct http_header headers[16];
    struct sim_request req = {
        .origin = STR("http://127.0.0.1:9"), .headers = headers, .has_length = true};
    struct sim_answer answer = {0};
    struct arena arena;

    arena_init(&arena, (size_t)8 << 20);
    req.method = method_of(str_cut(&rest, '\n'));
    req.target = str_cut(&rest, '\n');
    for (;;) {
        struct str value = str_cut(&rest, '\n');
        struct str name = str_cut(&value, ':');

        if (name.len == 0 || req.n_headers == ARRAY_LEN(headers))
            break;
        headers[req.n_headers] = (struct http_header){name, str_trim(value)};
        if (str_is(name, "A")) {
            struct str token = sim_credentials(sim).ssws_token;

            headers[req.n_headers] = (struct http_header){
                STR("authorization"), arena_printf(&arena, "SSWS %.*s", STR_ARG(token))};
        }
        req.n_headers++;
    }
    req.body = rest;
    sim_handle(sim, &req, &arena, &answer);
    if (answer.wire == SIM_WIRE_WHOLE && (answer.status < 100 || answer.status > 599))
        abort();
    buf_fini(&answer.body);
    arena_fini(&arena);
    return 0;
}
