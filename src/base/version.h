/* SPDX-License-Identifier: MIT */
/* The versions of muster and of the libraries it runs with, found at run time. Static storage. */
#ifndef MUSTER_BASE_VERSION_H
#define MUSTER_BASE_VERSION_H

const char *version_muster(void);  /* "0.1.0" */
const char *version_libssh2(void); /* "1.10.0" */
const char *version_libuv(void);   /* "1.44.2" */
const char *version_openssl(void); /* "3.0.17" */
const char *version_cjson(void);   /* "1.7.15" */

#endif
