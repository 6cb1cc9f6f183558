/*
 * Runs a command and says what it cost: `measure FILE COMMAND...` appends one line of JSON to FILE.
 *
 * Small on purpose: what a child's peak memory is counted from is the size of the process that
 * started it, so an interpreter would hide everything smaller than itself.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double as_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;

    if (argc < 3) {
        (void)fprintf(stderr, "usage: %s FILE COMMAND...\n", argv[0]);
        return 2;
    }
    double begun = seconds();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        perror("measure");
        return 1;
    }
    double wall = seconds() - begun;
    FILE *out = fopen(argv[1], "a");
    if (!out) {
        perror(argv[1]);
        return 1;
    }
    (void)fprintf(out, "{\"wall_s\": %.6f, \"cpu_s\": %.6f, \"rss_kb\": %ld}\n", wall,
                  as_seconds(usage.ru_utime) + as_seconds(usage.ru_stime), usage.ru_maxrss);
    if (fclose(out) != 0)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
