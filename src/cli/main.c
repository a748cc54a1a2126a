/* SPDX-License-Identifier: MIT */
#include <stdio.h>

int main(void)
{
    puts("muster " MUSTER_VERSION);
    return 0;
}
