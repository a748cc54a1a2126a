/* SPDX-License-Identifier: MIT */
#include "cli/version.h"

#include "base/version.h"
#include "ssh/ssh_features.h"

void version_describe(struct buf *out)
{
    struct ssh_features features = ssh_features_get();
    buf_addf(out, "muster %s\n", version_muster());
    buf_addf(out, "libuv %s\n", version_libuv());
    buf_addf(out, "OpenSSL %s\n", version_openssl());
    buf_addf(out, "cJSON %s\n", version_cjson());
    ssh_features_describe(&features, out);
}
