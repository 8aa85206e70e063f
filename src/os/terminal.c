/* SPDX-License-Identifier: Apache-2.0 */
#include "os/terminal.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum result os_terminal_open(struct os_terminal *terminal, int descriptor)
{
    struct termios raw;

    terminal->descriptor = descriptor;
    if (tcgetattr(descriptor, &terminal->before) != 0)
        return RESULT_FAILED;
    raw = terminal->before;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | ISTRIP);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(descriptor, TCSAFLUSH, &raw) == 0 ? RESULT_OK : RESULT_FAILED;
}

void os_terminal_close(struct os_terminal *terminal)
{
    (void)tcsetattr(terminal->descriptor, TCSAFLUSH, &terminal->before); /* it may be gone */
}

bool os_terminal_size(int descriptor, int *columns, int *rows)
{
    struct winsize size;

    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return false;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return true;
}

enum result os_terminal_read(const struct os_terminal *terminal, void *out, size_t size, int timeout_ms,
                             size_t *out_size)
{
    struct pollfd wanted = {.fd = terminal->descriptor, .events = POLLIN};
    int count = poll(&wanted, 1, timeout_ms);

    if (count == 0 || (count < 0 && errno == EINTR))
        return RESULT_AGAIN;
    ssize_t got = count > 0 ? read(terminal->descriptor, out, size) : -1;
    if (got > 0) {
        *out_size = (size_t)got;
        return RESULT_OK;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? RESULT_AGAIN : RESULT_CLOSED;
}
