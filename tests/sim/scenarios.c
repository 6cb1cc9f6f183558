/* Runs the scenarios named on the command line; `--update` rewrites what they expect. */

#include <stdio.h>
#include <string.h>

#include "rig/scenario.h"

int main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    int failed = 0;

    for (int i = update ? 2 : 1; i < argc; i++)
        failed += !scenario_run(argv[i], update);
    if (argc < 2)
        return fprintf(stderr, "usage: scenarios [--update] FILE...\n"), 2;
    return failed > 0;
}
