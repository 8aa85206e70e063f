/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/service.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "os/clock.h"
#include "os/service.h"

enum {
    US_PER_MS = 1000,
    TEXT_BYTES_MAX = 512,
    EXTEND_MS = 15000,      /* asked for at a time */
    EXTEND_EVERY_MS = 1000, /* well before that is over */
    PATIENCE_MS_MIN = 3000, /* a shard with nothing to do turns once a second */
};

static void tell(struct service *service, const char *text)
{
    if (!service->address)
        return;
    enum result result = os_notify(service->address, view_of_string(text));
    if (result == RESULT_OK || service->has_failed)
        return;
    service->has_failed = true;
    diag(DIAG_WARNING, "service.unheard", "address", service->address, "reason", result_text(result), "advice",
         "NOTIFY_SOCKET must be a path or @name that somebody listens on; the service manager may take natter for dead",
         NULL);
}

/* The watchdog is for this process unless WATCHDOG_PID says another; sd_watchdog_enabled(3). */
static uint64_t read_watchdog_ms(void)
{
    const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t period_us, number;

    if (!period || !view_to_number(view_of_string(period), INT64_MAX, &period_us))
        return 0;
    if (pid && (!view_to_number(view_of_string(pid), INT32_MAX, &number) || number != (uint64_t)os_process_id()))
        return 0;
    return period_us / US_PER_MS;
}

void service_init(struct service *service)
{
    const char *address = getenv("NOTIFY_SOCKET");

    *service = (struct service){.address = address && address[0] ? address : NULL};
    if (service->address)
        service->watchdog_ms = read_watchdog_ms();
}

/* The status is one line: whatever it is made of, it starts no other assignment. */
static void keep_status(struct service *service, const char *status)
{
    (void)snprintf(service->status, sizeof service->status, "%.*s", (int)strcspn(status, "\n"), status);
}

void service_ready(struct service *service, const char *status)
{
    char text[TEXT_BYTES_MAX];

    keep_status(service, status);
    if (service->is_heir) /* the process before this one has said so too; but it may have been killed in that moment */
        (void)snprintf(text, sizeof text, "MAINPID=%d\nREADY=1\nSTATUS=%s", os_process_id(), service->status);
    else
        (void)snprintf(text, sizeof text, "READY=1\nSTATUS=%s", service->status);
    service->is_heir = false;
    tell(service, text);
}

static void tell_reloading(struct service *service, const char *status)
{
    char text[TEXT_BYTES_MAX];

    (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=%s",
                   (unsigned long long)(os_clock_monotonic_ns() / 1000), status);
    tell(service, text);
    keep_status(service, "");
}

void service_reloading(struct service *service)
{
    tell_reloading(service, "Reading the certificates again");
}

void service_replacing(struct service *service)
{
    tell_reloading(service, "A new process gets ready to take over");
}

/* Both in one message: afterwards the manager does not listen to this process any more. */
void service_replaced(struct service *service, int pid)
{
    char text[TEXT_BYTES_MAX];

    (void)snprintf(text, sizeof text, "MAINPID=%d\nREADY=1\nSTATUS=Serving", pid);
    tell(service, text);
    service->address = NULL;
    service->watchdog_ms = 0;
}

void service_inherit(struct service *service, uint64_t watchdog_ms)
{
    service->watchdog_ms = service->address ? watchdog_ms : 0;
    service->is_heir = true;
}

void service_stopping(struct service *service)
{
    tell(service, "STOPPING=1\nSTATUS=Telling clients when to come back");
    keep_status(service, "");
    service_busy(service);
}

void service_status(struct service *service, const char *status)
{
    char text[TEXT_BYTES_MAX];

    if (!service->address || strcmp(service->status, status) == 0)
        return;
    keep_status(service, status);
    (void)snprintf(text, sizeof text, "STATUS=%s", service->status);
    tell(service, text);
}

void service_busy(struct service *service)
{
    char text[TEXT_BYTES_MAX];

    if (!service->address)
        return;
    uint64_t now_ms = os_clock_monotonic_ms();
    if (service->extended_ms > 0 && now_ms - service->extended_ms < EXTEND_EVERY_MS)
        return;
    service->extended_ms = now_ms;
    (void)snprintf(text, sizeof text, "EXTEND_TIMEOUT_USEC=%d", EXTEND_MS * US_PER_MS);
    tell(service, text);
}

uint64_t service_alive_interval_ms(const struct service *service)
{
    if (service->watchdog_ms == 0)
        return UINT64_MAX;
    return service->watchdog_ms >= 4 ? service->watchdog_ms / 4 : 1;
}

uint64_t service_patience_ms(const struct service *service)
{
    return service->watchdog_ms / 2 > PATIENCE_MS_MIN ? service->watchdog_ms / 2 : PATIENCE_MS_MIN;
}

void service_alive(struct service *service)
{
    if (service->watchdog_ms == 0)
        return;
    uint64_t now_ms = os_clock_monotonic_ms();
    if (service->told_ms > 0 && now_ms - service->told_ms < service_alive_interval_ms(service))
        return;
    service->told_ms = now_ms;
    tell(service, "WATCHDOG=1");
}
