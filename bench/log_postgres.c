/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL through libpq's pipeline mode: each INSERT is a transaction of its own, several in flight; or --batch of
 * them share one. */
#include "log_load.h"

#ifdef HAS_LIBPQ
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

static struct publisher publishers[PUBLISHERS_MAX];

static PGconn *connection_of(const struct publisher *publisher)
{
    return publisher->connection;
}

static void send_one(struct load *load, struct publisher *publisher)
{
    char text[TEXT_BYTES_MAX + 1];
    char key[32];
    text[load_text(load, publisher->index, publisher->sent + 1, text)] = '\0';
    (void)snprintf(key, sizeof(key), "%llu-%llu", (unsigned long long)publisher->index,
                   (unsigned long long)publisher->sent + 1);
    const char *const values[] = {key, text};
    if (PQsendQueryPrepared(connection_of(publisher), "add", 2, values, NULL, NULL, 0) != 1)
        load_die("postgres", PQerrorMessage(connection_of(publisher)));
    load_sent(load, publisher);
}

static void publish(struct load *load, struct publisher *publisher)
{
    PGconn *connection = connection_of(publisher);
    while (load_may_send(load, publisher) && publisher->sent - publisher->acked + load->batch <= load->window) {
        for (uint64_t index = 0; index < load->batch; index++)
            send_one(load, publisher);
        if (PQpipelineSync(connection) != 1)
            load_die("postgres", PQerrorMessage(connection));
    }
    if (PQflush(connection) < 0)
        load_die("postgres", PQerrorMessage(connection));
}

/* A batch is committed when its sync is answered: only then its messages count. */
static void take_result(struct load *load, struct publisher *publisher, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK: break;
    case PGRES_PIPELINE_SYNC:
        for (uint64_t index = 0; index < load->batch; index++)
            load_acked(load, publisher);
        break;
    default: load_die("postgres answered", PQresultErrorMessage(result));
    }
    PQclear(result);
}

static void on_event(struct load *load, void *owner, uint32_t events)
{
    struct publisher *publisher = owner;
    PGconn *connection = connection_of(publisher);
    if ((events & EPOLLIN) && PQconsumeInput(connection) != 1)
        load_die("postgres", PQerrorMessage(connection));
    bool was_null = false;
    while (!PQisBusy(connection) && publisher->sent > publisher->acked) {
        PGresult *result = PQgetResult(connection);
        if (result == NULL && was_null)
            break; /* between two commands there is one NULL; two mean that nothing has come */
        was_null = result == NULL;
        if (result != NULL)
            take_result(load, publisher, result);
    }
    publish(load, publisher);
}

static void run_command(PGconn *connection, const char *command)
{
    PGresult *result = PQexec(connection, command);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        load_die("postgres", PQerrorMessage(connection));
    PQclear(result);
}

static void connect_all(struct load *load)
{
    for (uint64_t index = 0; index < load->publishers; index++) {
        struct publisher *publisher = &publishers[index];
        PGconn *connection = PQconnectdb(load->address);
        if (PQstatus(connection) != CONNECTION_OK)
            load_die("postgres", PQerrorMessage(connection));
        if (index == 0)
            run_command(connection, "CREATE TABLE message (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
                                    "room int NOT NULL, key text NOT NULL, body text NOT NULL)");
        PGresult *result =
            PQprepare(connection, "add", "INSERT INTO message (room, key, body) VALUES (1, $1, $2)", 2, NULL);
        if (PQresultStatus(result) != PGRES_COMMAND_OK || PQsetnonblocking(connection, 1) != 0
            || PQenterPipelineMode(connection) != 1)
            load_die("postgres", PQerrorMessage(connection));
        PQclear(result);
        publisher->index = index;
        publisher->connection = connection;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = publisher}};
        if (epoll_ctl(load->poller, EPOLL_CTL_ADD, PQsocket(connection), &event) != 0)
            load_die("postgres", "its socket cannot be watched");
    }
}

static void start(struct load *load)
{
    for (uint64_t index = 0; index < load->publishers; index++)
        publish(load, &publishers[index]);
}

static const struct load_kind kind = {.connect = connect_all, .start = start, .event = on_event};
const struct load_kind *const load_postgres = &kind;
#else
const struct load_kind *const load_postgres = NULL;
#endif
