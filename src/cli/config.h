/* SPDX-License-Identifier: MIT */
/*
 * Settings out of files and variables: /etc/muster/config.json, then that of the user, then
 * MUSTER_*.
 *
 * A config file is one JSON object; its keys are those of the option table that may stand there,
 * and "$schema". Everything else is an error with file:line:column: an unknown key with the nearest
 * name, and a key that only the command line may set with the reason.
 */
#ifndef MUSTER_CLI_CONFIG_H
#define MUSTER_CLI_CONFIG_H

#include <stdbool.h>

#include "model/settings.h"

struct json_document;

#define CONFIG_SYSTEM_FOLDER "/etc/muster"

/* The user's folder for muster's files, $XDG_CONFIG_HOME/muster or ~/.config/muster, in `arena`;
 * NULL where there is no home folder. */
const char *config_user_folder(struct arena *arena);

/* Reads the config file FOLDER/config.json into `layer`, whose arena also keeps the texts. A file
 * that does not exist is none. `ret_doc` is what values in the layer point to: the caller frees it
 * after the settings; NULL where there is no file or the result is false. All errors of the file
 * are told at once, one a line; ERR_CONFIG. */
bool config_read(struct layer *layer, const char *folder, enum source_kind kind,
                 struct json_document **ret_doc, struct error *reterr);

/* Reads the variables MUSTER_* of `environment` ("NAME=VALUE", ended by NULL) into `layer`. An
 * empty one counts as unset; an unknown one is a note; a bad value is an error (ERR_USAGE) that
 * names it. */
bool config_read_environment(struct layer *layer, char *const *environment, struct error *reterr);

#endif
