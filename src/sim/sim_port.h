#pragma once

#include "sim/sim_state.h"

/* The in-process transports of a cloud, each with the bodies of its last answers. */

void sim_ports_fini(struct sim *sim);
