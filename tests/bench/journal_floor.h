#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The floor of the journal: plain SQLite transactions of the same shape with nothing of ours
 * around them. Two durable transactions an op: one row becomes `sent`; then it becomes `done`, a
 * membership is written and an audit row appended. Same pragmas, rows of the same size.
 */

struct floor;

/* Given, in that folder; ends the process with a sentence when SQLite will not. */
struct floor *floor_open(const char *folder, size_t n_ops);
void floor_close(struct floor *floor);
/* Carries out ops [from, from + n). */
void floor_run(struct floor *floor, size_t from, size_t n);
