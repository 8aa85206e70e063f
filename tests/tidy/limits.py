# SPDX-License-Identifier: Apache-2.0
"""The numbers, names and tables that tidy holds the tree to."""

FUNCTION_LINES_WANTED = 60
FUNCTION_LINES_MAX = 80
FILE_LINES_WANTED = 400
FILE_LINES_MAX = 700
HEADER_LINES_WANTED = 150
NESTING_MAX = 4
LINE_COLUMNS_MAX = 120
CHECKS_PER_FUNCTION_WANTED = 1.0

# What each floor may include, as src/meson.build has it for the linker.
FLOORS = {
    'base': [],
    'os': ['base'],
    'wire': ['base'],
    'net': ['os', 'wire', 'base'],
    'store': ['os', 'wire', 'base'],
    'load': ['os', 'wire', 'base'],
    'doctor': ['load', 'os', 'wire', 'base'],
    'top': ['os', 'wire', 'base'],
    'chat': ['net', 'store', 'os', 'wire', 'base'],
    'ops': ['chat', 'net', 'store', 'os', 'wire', 'base'],
    'http': ['ops', 'chat', 'net', 'store', 'os', 'wire', 'base'],
    'serve': ['http', 'ops', 'chat', 'net', 'store', 'os', 'wire', 'base'],
    'cmd': ['serve', 'doctor', 'top', 'load', 'http', 'ops', 'chat', 'net', 'store', 'os', 'wire', 'base'],
}

# How many conditions that must be true a function holds on average: CHECKS_PER_FUNCTION_WANTED in these floors, and no
# fewer than here. Raise a number when its floor has got better; never lower one.
CHECKS_PER_FUNCTION_MIN = {'net': 0.1, 'store': 0.1, 'chat': 0.0}

BANNED_CALLS = {
    'strcpy': 'use a builder or memcpy with a known size',
    'strcat': 'use a builder',
    'sprintf': 'use snprintf or builder_format',
    'vsprintf': 'use vsnprintf',
    'strncpy': 'it may leave the end off; use snprintf or memcpy with a known size',
    'strtok': 'it keeps hidden state; cut a view instead',
    'atoi': 'it cannot fail; parse with a check of the whole text',
    'atol': 'it cannot fail; parse with a check of the whole text',
    'atof': 'it cannot fail; parse with a check of the whole text',
    'gets': 'it cannot be bounded',
    'localtime': 'it keeps hidden state; use os_clock_format_utc',
    'gmtime': 'it keeps hidden state; use os_clock_format_utc',
    'rand': 'use os/random.h',
    'srand': 'use os/random.h',
    'alloca': 'use the heap or a bounded array',
}

# Calls into the kernel and its clocks: only src/os/ makes them, so that a second os/ can stand in for the world.
SYSTEM_CALLS = set('''
    accept accept4 access bind chdir chmod chown clock clock_getcpuclockid clock_gettime clock_nanosleep close closedir
    connect creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd execl execv execve
    execvp faccessat fchmod fchown fcntl fdatasync fdopen flock fopen fork fstat fstatvfs fsync ftruncate getaddrinfo
    getentropy gethostbyname gethostname getpeername getpid getppid getrandom getrlimit getrusage getsockname
    getsockopt gettimeofday getuid inotify_init ioctl isatty kill link listen lseek lstat madvise mkdir mkstemp mmap
    mremap munmap nanosleep open openat opendir pause pipe pipe2 poll popen posix_fallocate posix_spawn ppoll prctl
    pread preadv prlimit pthread_create pthread_kill pthread_setaffinity_np pwrite pwritev raise read readdir readlink
    readv realpath recv recvfrom recvmmsg recvmsg remove rename renameat rmdir sched_getaffinity sched_yield select send
    sendfile sendmmsg sendmsg sendto setrlimit setsid setsockopt shutdown sigaction signal signalfd sigprocmask
    sleep socket socketpair splice stat statvfs symlink syscall sysconf sysinfo system time timespec_get timerfd_create
    timerfd_settime times truncate umask uname unlink unlinkat usleep utimensat vfork wait waitpid write writev
'''.split())

# Files outside os/ that may make a few of these calls, each with its reason.
SYSTEM_CALL_EXCEPTIONS = {}

# Files of src/ without a test file of their own, each with its reason. A name that ends in / stands for a folder.
UNTESTED = {
    'src/main.c': 'finds the verb and calls it; the end-to-end suite starts every verb',
    'src/chat/answer.c': 'a rule between clients, held with real ones: tests/e2e/limits.test.mjs',
    'src/chat/belong.c': 'a rule between clients, held with real ones: tests/e2e/talk.test.mjs',
    'src/chat/command.c': 'a rule between clients, held with real ones: tests/e2e/schema.test.mjs',
    'src/chat/direct.c': 'a rule between clients, held with real ones: tests/e2e/talk.test.mjs',
    'src/chat/door.c': 'a rule between clients, held with real ones: tests/e2e/limits.test.mjs',
    'src/chat/entry.c': 'a rule between clients, held with real ones: tests/e2e/http.test.mjs',
    'src/chat/hub.c': 'a rule between clients, held with real ones: tests/e2e/chat.test.mjs',
    'src/chat/look.c': 'a rule between clients, held with real ones: tests/e2e/chat.test.mjs',
    'src/chat/member.c': 'a rule between clients, held with real ones: tests/e2e/chat.test.mjs',
    'src/chat/replay.c': 'a rule between clients, held with real ones: tests/e2e/durable.test.mjs',
    'src/chat/room.c': 'a rule between clients, held with real ones: tests/e2e/chat.test.mjs',
    'src/chat/session.c': 'a rule between clients, held with real ones: tests/e2e/chat.test.mjs',
    'src/chat/user.c': 'a rule between clients, held with real ones: tests/e2e/chat.test.mjs',
    'src/chat/write.c': 'a rule between clients, held with real ones: tests/e2e/chat.test.mjs',
    'src/doctor/exchange.c': 'talks to servers, real ones and broken ones: tests/e2e/doctor.test.mjs',
    'src/doctor/link.c': 'talks to servers, real ones and broken ones: tests/proxies/doctor.test.mjs',
    'src/doctor/observe.c': 'talks to servers, real ones and broken ones: tests/e2e/doctor.test.mjs',
    'src/doctor/observe_way.c': 'talks to servers, real ones and broken ones: tests/e2e/doctor.test.mjs',
    'src/doctor/talk.c': 'talks to servers, real ones and broken ones: tests/e2e/doctor.test.mjs',
    'src/ops/api.c': 'asks loops that run, with connections that live: tests/e2e/inside.test.mjs',
    'src/ops/api_connections.c': 'asks loops that run, with connections that live: tests/e2e/inside.test.mjs',
    'src/ops/api_ended.c': 'asks loops that run, with connections that ended: tests/e2e/inside.test.mjs',
    'src/ops/api_numbers.c': 'numbers of a server that works: tests/e2e/inside.test.mjs',
    'src/ops/api_rooms.c': 'asks loops that run, with rooms that are open: tests/e2e/inside.test.mjs',
    'src/ops/api_row_write.c': 'connections that live, in JSON: tests/e2e/inside.test.mjs reads every field',
    'src/ops/diagnosis.c': 'talks need connections that live: tests/e2e/diagnosis.test.mjs',
    'src/serve/drain.c': 'leaving is a matter of the whole server: tests/e2e/durable.test.mjs',
    'src/load/way.c': 'a client of TLS needs a server: tests/e2e/tls.test.mjs measures one',
    'src/os/terminal.c': 'needs a terminal: tests/e2e/top.test.mjs has one',
    'src/top/run.c': 'needs a terminal and a server: tests/e2e/top.test.mjs has both',
    'src/serve/operating.c': 'listens, and reads the word, at start: tests/e2e/inside.test.mjs',
    'src/serve/handover.c': 'two processes together: tests/faults/handover.test.mjs',
    'src/serve/takeover.c': 'two processes together: tests/faults/handover.test.mjs',
    'src/serve/secure.c': 'files, letters and a signal together: tests/e2e/tls.test.mjs',
    'src/serve/server.c': 'puts the parts together: every end-to-end test starts and ends it',
    'src/chat/chat_check.c': 'walks what others built; the simulator calls it between all batches: tests/sim',
    'src/net/shard_check.c': 'walks what others built; the simulator calls it between all turns: tests/sim',
    'src/store/store_check.c': 'walks what others built; the simulator calls it between all batches: tests/sim',
    'src/store/export.c': 'lines of a real folder, out and in again: tests/e2e/export.test.mjs',
    'src/store/import.c': 'lines of a real folder, out and in again: tests/e2e/export.test.mjs',
    'src/cmd/': 'parses arguments and calls one function; the end-to-end suite starts every verb',
}

# Files whose tests are another file's, because they are parts of one module: the module's header and test cover both.
TESTED_BY = {
    'src/os/stream.c': 'tests/unit/os/test_tree.c',
    'src/store/migrate.c': 'tests/unit/store/test_sqlite_schema.c',
    'src/store/retention.c': 'tests/unit/store/test_retain.c',
    'src/store/sqlite_retain.c': 'tests/unit/store/test_retain.c',
    'src/store/backup_files.c': 'tests/unit/store/test_backup.c',
    'src/store/restore.c': 'tests/unit/store/test_backup.c',
    'src/store/sqlite_attention.c': 'tests/unit/store/test_attention.c',
    'src/store/verify_attention.c': 'tests/unit/store/test_attention.c',
    'src/store/verify_keys.c': 'tests/unit/store/test_verify.c',
    'src/store/verify_log.c': 'tests/unit/store/test_verify.c',
    'src/net/conn_out.c': 'tests/unit/net/test_conn.c',
    'src/net/conn_silence.c': 'tests/unit/net/test_conn.c',
    'src/net/conn_state.c': 'tests/unit/net/test_conn.c',
    'src/net/end_reason.c': 'tests/unit/net/test_conn.c',
    'src/net/letters.c': 'tests/unit/net/test_shard.c',
    'src/net/listener.c': 'tests/unit/net/test_shard.c',
    'src/net/mail.c': 'tests/unit/net/test_shard.c',
    'src/net/pack_conn.c': 'tests/unit/net/test_pack_shard.c',
    'src/net/place.c': 'tests/unit/net/test_cursor.c',
    'src/net/registry.c': 'tests/unit/net/test_shard.c',
    'src/top/view_detail.c': 'tests/unit/top/test_view.c',
    'src/top/view_list.c': 'tests/unit/top/test_view.c',
    'src/ops/api_json.c': 'tests/unit/ops/test_api_query.c',
    'src/chat/pack_session.c': 'tests/unit/chat/test_pack_hub.c',
    'src/ops/loops.c': 'tests/unit/ops/test_watchdog.c',
    'src/ops/metrics_notices.c': 'tests/unit/ops/test_metrics.c',
    'src/ops/metrics_turns.c': 'tests/unit/ops/test_metrics.c',
}

# Folders and file names whose every line tidy reads.
FOLDERS = ['src', 'tests', 'bench', 'tools', 'web', 'sdk', '.ci', 'deploy']
C_ENDINGS = ('.c', '.h')
CODE_ENDINGS = C_ENDINGS + ('.py', '.ts', '.tsx', '.mjs', '.js', '.sh', '.build', '.css')
NOT_OURS = {'node_modules', 'dist', '__pycache__', 'corpus', 'found'}
