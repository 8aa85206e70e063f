/* SPDX-License-Identifier: Apache-2.0 */
/* An intrusive doubly linked ring. The head is a link of its own; an element is linked by a member of itself.
 * No allocation, removal in O(1) without knowing the list. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_link {
    struct list_link *next;
    struct list_link *previous;
};

#define list_entry(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void list_init(struct list_link *head)
{
    head->next = head;
    head->previous = head;
}

/* A link that is in no list is one that points to itself (after list_init or list_remove). */
static inline bool list_is_empty(const struct list_link *head)
{
    return head->next == head;
}

static inline void list_add_last(struct list_link *head, struct list_link *link)
{
    link->previous = head->previous;
    link->next = head;
    head->previous->next = link;
    head->previous = link;
}

static inline void list_add_first(struct list_link *head, struct list_link *link)
{
    link->previous = head;
    link->next = head->next;
    head->next->previous = link;
    head->next = link;
}

static inline void list_remove(struct list_link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

/* The body may remove the current element. */
#define list_each(head, link, following)                                                 \
    for (struct list_link *link = (head)->next, *following = link->next; link != (head); \
         link = following, following = link->next)
