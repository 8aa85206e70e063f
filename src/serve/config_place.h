/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of where natter is: the addresses it serves on, the one under which people know it, the proxies between. */
#pragma once

#include "serve/config.h"

/* False: `fault` says what is allowed. */
bool config_read_listen(struct config *config, const char *value, struct builder *fault);
void config_write_listen(const struct config *config, struct builder *out);
bool config_read_public_url(struct config *config, const char *value, struct builder *fault);
bool config_read_pairs(struct config *config, const char *value, struct builder *fault);
void config_write_pairs(const struct config *config, struct builder *out);
bool config_read_trust(struct config *config, const char *value, struct builder *fault);

/* What these say together: has each place what it needs? */
bool config_check_places(struct config *config, struct builder *out_fault);

/* "ADDRESS:PORT". */
bool config_read_address(struct view text, struct os_address *out, struct builder *fault);
/* The next item of a list separated by commas; false at its end. */
bool config_next_item(struct view *rest, struct view *out_item);
/* A copy that lives as long as the config. NULL: no memory. */
const char *config_keep(struct config *config, struct view text);
