/* SPDX-License-Identifier: MIT */
#include "base/version.h"

#include <cJSON.h>
#include <libssh2.h>
#include <openssl/crypto.h>
#include <uv.h>

const char *version_muster(void)
{
    return MUSTER_VERSION;
}

const char *version_libssh2(void)
{
    return libssh2_version(0);
}

const char *version_libuv(void)
{
    return uv_version_string();
}

const char *version_openssl(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

const char *version_cjson(void)
{
    return cJSON_Version();
}
