/* SPDX-License-Identifier: MIT */
/* The home folder of whoever runs muster: $HOME, and without it what the user database says. */
#ifndef MUSTER_BASE_HOME_H
#define MUSTER_BASE_HOME_H

/* Heap, the caller frees; NULL where there is none. */
char *home_folder(void);

/* The name of the local user, from the user database, else $LOGNAME or $USER. Heap, the caller
 * frees; NULL where nobody knows. */
char *home_user(void);

#endif
