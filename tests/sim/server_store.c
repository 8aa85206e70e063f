/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from server.c, because the store and the chat each have a room of their own. */
#include "chat/chat.h"
#include "server.h"
#include "store/core.h"

void server_store_at_rest(const struct os_wakeup *wakeup)
{
    const struct store *store =
        (const struct store *)(const void *)((const char *)wakeup - offsetof(struct store, mailbox.wakeup));

    store_check(store);
    chat_check(store->events.context);
}
