# SPDX-License-Identifier: MIT
# libmuster, shared and static: only muster_* leaves either.
