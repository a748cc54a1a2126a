/* SPDX-License-Identifier: MIT */
#include "base/home.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"

/* The value of a variable that is neither unset nor empty. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

char *home_folder(void)
{
    const char *home = variable("HOME");
    if (home)
        return xstrdup(home);
    const struct passwd *pw = getpwuid(getuid());
    return pw && pw->pw_dir ? xstrdup(pw->pw_dir) : NULL;
}

char *home_user(void)
{
    const struct passwd *pw = getpwuid(getuid());
    if (pw && pw->pw_name)
        return xstrdup(pw->pw_name);
    const char *name = variable("LOGNAME");
    if (!name)
        name = variable("USER");
    return name ? xstrdup(name) : NULL;
}
