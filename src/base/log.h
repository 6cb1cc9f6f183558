#pragma once

#include "base/attr.h"

/*
 * Log events, not prose: one line per fact an operator acts on, logfmt on stderr:
 *
 *     ts=2026-05-04T09:12:33.000Z level=info event=op.done run=... person=00u1...
 *
 * log_info("op.done", "run=%s seq=%u", ...). Values that may hold blanks or come from outside are
 * given with %s through log_q (quoted, escaped, cut at 200 bytes, one of eight static per-thread
 * buffers). Each line is one write(2).
 */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

void log_set_level(enum log_level level); /* LOG_WARN at start */
void log_set_json(int on);
void log_event(enum log_level level, const char *event, const char *fmt, ...) ATTR_PRINTF(3, 4);

#define log_debug(...) log_event(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_event(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_event(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_event(LOG_ERROR, __VA_ARGS__)

struct str;
const char *log_q(const struct str *value);
