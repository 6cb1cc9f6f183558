/* Prints the name of every guard, a line each, in the order of the table. */

#include <stdio.h>

#include "core/guard.h"

int main(void)
{
    for (int i = 0; i < GUARD_COUNT; i++)
        puts(guard_name((enum guard)i));
    return 0;
}
