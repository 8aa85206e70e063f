/* SPDX-License-Identifier: Apache-2.0 */
/* Between two lives of the server: the database on the disk is opened by plain SQLite and held against the ledger. */
#pragma once

void post_mortem(void);
