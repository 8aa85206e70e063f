/* SPDX-License-Identifier: Apache-2.0 */
/* Redis Streams over RESP2: publishers pipeline XADD, readers follow with XREAD BLOCK. */
#include "log_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OUT_BYTES = 1 << 18, IN_BYTES = 1 << 22, ID_SIZE = 48 };

struct link {
    int descriptor;
    struct publisher *publisher; /* NULL: a reader */
    char *out;
    size_t out_size, out_done;
    char *in;
    size_t in_size;
    char last_id[ID_SIZE];            /* a reader's place in the stream */
    uint64_t numbers[PUBLISHERS_MAX]; /* a reader's newest from each publisher */
};

static struct link links[PUBLISHERS_MAX + READERS_MAX];
static struct publisher publishers[PUBLISHERS_MAX];

static int connect_to(const char *address)
{
    struct sockaddr_in place = {.sin_family = AF_INET};
    char host[64] = "";
    unsigned port = 0;
    if (sscanf(address, "%63[^:]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &place.sin_addr) != 1)
        load_die(address, "is not ADDRESS:PORT");
    place.sin_port = htons((uint16_t)port);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&place, sizeof(place)) != 0)
        load_die(address, strerror(errno));
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return descriptor;
}

static void flush(struct link *link)
{
    while (link->out_done < link->out_size) {
        ssize_t sent = send(link->descriptor, link->out + link->out_done, link->out_size - link->out_done,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0)
            load_die("redis", strerror(errno));
        link->out_done += (size_t)sent;
    }
    link->out_size = link->out_done = 0;
}

static void publish(struct load *load, struct link *link)
{
    struct publisher *publisher = link->publisher;
    while (load_may_send(load, publisher) && link->out_size + TEXT_BYTES_MAX + 128 < OUT_BYTES) {
        char text[TEXT_BYTES_MAX];
        size_t size = load_text(load, publisher->index, publisher->sent + 1, text);
        link->out_size += (size_t)snprintf(link->out + link->out_size, OUT_BYTES - link->out_size,
                                           "*5\r\n$4\r\nXADD\r\n$4\r\nroom\r\n$1\r\n*\r\n$1\r\nt\r\n$%zu\r\n%.*s\r\n",
                                           size, (int)size, text);
        load_sent(load, publisher);
    }
    flush(link);
}

static void ask_for_more(struct link *link)
{
    link->out_size +=
        (size_t)snprintf(link->out + link->out_size, OUT_BYTES - link->out_size,
                         "*6\r\n$5\r\nXREAD\r\n$5\r\nBLOCK\r\n$1\r\n0\r\n$7\r\nSTREAMS\r\n$4\r\nroom\r\n$%zu\r\n%s\r\n",
                         strlen(link->last_id), link->last_id);
    flush(link);
}

/* An answer's size, NULL-ended lines not assumed; 0: it has not come whole. */
static size_t answer_size(const char *at, size_t size)
{
    const char *end = size < 3 ? NULL : memchr(at, '\n', size);
    if (end == NULL)
        return 0;
    size_t line = (size_t)(end - at) + 1;
    long count = strtol(at + 1, NULL, 10);
    if (at[0] == '-')
        load_die("redis answered", at);
    if (at[0] == '$' && count >= 0)
        return size >= line + (size_t)count + 2 ? line + (size_t)count + 2 : 0;
    if (at[0] != '*')
        return line;
    for (long index = 0; index < count; index++) {
        size_t part = answer_size(at + line, size - line);
        if (part == 0)
            return 0;
        line += part;
    }
    return line;
}

/* An entry of the stream has its id and its text as the only strings that begin so. */
static void take_entries(struct load *load, struct link *link, const char *at, size_t size)
{
    const char *end = at + size;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL)
            return;
        if (*at != '$') {
            at = line_end + 1;
            continue;
        }
        long length = strtol(at + 1, NULL, 10);
        const char *text = line_end + 1;
        unsigned publisher = 0;
        unsigned long long number = 0;
        if (length > 20 && *text == '@' && sscanf(text, "@%6u-%10llu", &publisher, &number) == 2) {
            load->received++;
            if (publisher >= load->publishers || number != ++link->numbers[publisher])
                load->faults++;
        } else if (length > 4 && length < ID_SIZE && memchr(text, '-', (size_t)length) != NULL) {
            memcpy(link->last_id, text, (size_t)length);
            link->last_id[length] = '\0';
        }
        at = text + length + 2;
    }
}

static void take_answers(struct load *load, struct link *link)
{
    size_t done = 0;
    size_t size;
    while (done < link->in_size && (size = answer_size(link->in + done, link->in_size - done)) > 0) {
        if (link->publisher != NULL) {
            load_acked(load, link->publisher);
        } else {
            take_entries(load, link, link->in + done, size);
            ask_for_more(link);
        }
        done += size;
    }
    memmove(link->in, link->in + done, link->in_size - done);
    link->in_size -= done;
}

static void on_event(struct load *load, void *owner, uint32_t events)
{
    struct link *link = owner;
    if (events & EPOLLIN) {
        ssize_t got = recv(link->descriptor, link->in + link->in_size, IN_BYTES - link->in_size, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            load_die("redis", got == 0 ? "closed the connection, or an answer is too long" : strerror(errno));
        if (got > 0)
            link->in_size += (size_t)got;
        take_answers(load, link);
    }
    if (link->publisher != NULL)
        publish(load, link);
    else
        flush(link);
}

static void connect_all(struct load *load)
{
    for (uint64_t index = 0; index < load->publishers + load->readers; index++) {
        struct link *link = &links[index];
        link->descriptor = connect_to(load->address);
        link->out = malloc(OUT_BYTES);
        link->in = malloc(IN_BYTES);
        if (link->out == NULL || link->in == NULL)
            load_die("memory", "it is out");
        memcpy(link->last_id, "0-0", sizeof("0-0"));
        if (index < load->publishers) {
            publishers[index].index = index;
            link->publisher = &publishers[index];
        }
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = link}};
        if (epoll_ctl(load->poller, EPOLL_CTL_ADD, link->descriptor, &event) != 0)
            load_die("epoll", strerror(errno));
    }
}

static void start(struct load *load)
{
    for (uint64_t index = 0; index < load->readers; index++)
        ask_for_more(&links[load->publishers + index]);
    for (uint64_t index = 0; index < load->publishers; index++)
        publish(load, &links[index]);
}

const struct load_kind load_redis = {.connect = connect_all, .start = start, .event = on_event};
