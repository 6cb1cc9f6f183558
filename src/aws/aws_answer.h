#pragma once

#include <stdint.h>

#include "aws/aws_call.h"
#include "base/arena.h"
#include "http/http.h"

/* What one attempt came to: pure. Fills all of `out` but `attempts`; its body is lent by `res`, its
 * texts are in `arena`. Returns how long the server asks us to wait, 0 for nothing. */
int64_t aws_answer_take(const struct aws_call *call, const struct http_response *res,
                        int64_t skew_ms, struct arena *arena, struct arena *scratch,
                        struct aws_answer *out);
