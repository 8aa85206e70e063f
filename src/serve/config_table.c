/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config_table.h"

#define AT(member)  offsetof(struct config, member)
#define RATE(class) AT(chat.rates) + RATE_##class * sizeof(struct chat_rate_option)

/* Where no range applies. */
enum { NO = 0 };

const struct setting settings[] = {
    {"", "listen", SETTING_LISTEN, AT(listen), "127.0.0.1:8080", NO, NO, NULL,
     "Addresses to serve on: ADDRESS:PORT, :PORT for all addresses of the machine, or unix:/PATH for a socket that "
     "natter's group may connect to; several are separated by commas. Words behind an address say what is expected "
     "there: tls; redirect, that everybody is sent to https; proxy_protocol, that each connection begins with a PROXY "
     "header (version 1 or 2) of a trusted proxy."},
    {"", "public_url", SETTING_PUBLIC_URL, AT(public_url), "", NO, NO, NULL,
     "The address under which people know it, such as https://example.org/chat, or only the path below which a proxy "
     "serves it: /chat. Pages of that origin may connect, cookies belong to that path, and requests are understood "
     "with the path and without it."},
    {"", "trusted_proxies", SETTING_TRUST, AT(trust), "", NO, NO, NULL,
     "Addresses and networks (127.0.0.1, ::1, 10.0.0.0/8, unix:) of the proxies whose word about a client's address, "
     "scheme and host counts. From anybody else it is passed over. Name only proxies that set these fields "
     "themselves."},
    {"", "forwarded_fields", SETTING_WORD, AT(net.forwarded_kind), "x_forwarded", NO, NO, "x_forwarded forwarded",
     "Which fields the trusted proxies write: x_forwarded, X-Forwarded-For, -Proto and -Host; forwarded, Forwarded "
     "(RFC 7239). The others are passed over: a proxy hands them on as clients sent them."},
    {"", "data", SETTING_TEXT, AT(data), "data", NO, NO, NULL,
     "The folder that keeps everything: the database, the secret, the lock. It is made if it is missing."},
    {"", "shards", SETTING_COUNT, AT(net.shard_count), "0", 0, 64, NULL,
     "Threads that serve connections; 0 is one per core."},
    {"", "limits", SETTING_SWITCH, AT(has_limits), "on", NO, NO, NULL,
     "Off turns rate limits and the limits per address off, for measuring programs. Leave it on otherwise."},
    {"", "drain_time", SETTING_TIME_64, AT(drain_ms), "10s", 0, 3600000, NULL,
     "How long clients may take to leave after SIGTERM before they are cut off."},

    {"", "returns_per_second", SETTING_COUNT_32, AT(returns_per_second), "500", 1, 1000000, NULL,
     "Clients that are asked to leave are told to come back at different times, about so many in each second; but "
     "none after more than a minute."},
    {"handover", "prepare_time", SETTING_TIME_32, AT(handover_prepare_ms), "30s", 100, 600000, NULL,
     "How long a new process may take to get ready to take over (SIGUSR2); meanwhile the old one serves."},
    {"handover", "take_time", SETTING_TIME_32, AT(handover_take_ms), "5s", 100, 600000, NULL,
     "How long it may then take to take over, while nothing is served; after that the old one goes on as before."},

    {"log", "level", SETTING_WORD, AT(ops.log_level), "info", NO, NO, "debug info warning error",
     "The least important lines that are written."},
    {"log", "form", SETTING_WORD, AT(ops.log_form), "auto", NO, NO, "auto human json journal",
     "Lines for people, for programs, or for systemd's journal, which has the time and the level of its own; auto is "
     "human on a terminal, journal where stderr is the journal, and JSON otherwise."},

    {"metrics", "listen", SETTING_ADDRESS, AT(ops.listen), "127.0.0.1:9180", NO, NO, NULL,
     "Where /metrics, /api/v1 and the health answers are served for the operator: an address, unix:/PATH for a socket "
     "that natter's group may connect to, or off for nowhere. Keep it away from the public."},

    {"api", "token_file", SETTING_TEXT, AT(ops.token_file), "off", NO, NO, NULL,
     "A file with the word that lets programs of other machines, or behind a proxy, see and end connections by "
     "/api/v1 (Authorization: Bearer WORD): 16 to 512 characters without blanks, private to natter's user. off: "
     "only this machine may."},
    {"api", "ended_max", SETTING_COUNT, AT(net.ended_max), "1000", 0, 100000, NULL,
     "Ended connections that each shard remembers with their reasons, for /api/v1/ended; some 250 bytes each. 0 is "
     "none."},

    {"watchdog", "turn", SETTING_TIME_32, AT(net.slow_turn_ms), "10ms", 0, 60000, NULL,
     "A turn of a shard's loop that takes longer is counted as slow, and told in the log; 0 turns that off."},
    {"watchdog", "batch", SETTING_TIME_32, AT(store.slow_batch_ms), "100ms", 0, 60000, NULL,
     "The same for a batch of the store. That waits for the disk, so a slow one is no fault of the program."},

    {"doctor", "rate", SETTING_RATE, AT(ops.diagnosis.rate), "2/60", NO, NO, NULL,
     "Questions of one address to /ws?doctor, which tells how a request arrived, on each shard: per second on the long "
     "run, and at once."},
    {"doctor", "talks_max", SETTING_COUNT, AT(ops.diagnosis.talks_max), "32", 0, 10000, NULL,
     "Test connections of natter doctor at the same time, on each shard; more are answered with 429. 0 is none."},
    {"doctor", "talks_per_address_max", SETTING_COUNT, AT(ops.diagnosis.talks_per_address_max), "8", 0, 10000, NULL,
     "How many of them from one address (IPv6: from one /64)."},
    {"doctor", "talk_time", SETTING_TIME_32, AT(ops.diagnosis.talk_ms), "15min", 1000, 86400000, NULL,
     "How long such a connection may last."},
    {"doctor", "talk_max", SETTING_SIZE, AT(ops.diagnosis.talk_bytes_max), "16MiB", 65536, 1073741824, NULL,
     "Bytes of its messages, in both directions; then it is closed with 1008."},

    {"notices", "window", SETTING_TIME_32, AT(ops.notices.window_ms), "10min", 1000, 86400000, NULL,
     "How long what natter sees of faults around it counts as evidence. A notice goes when there is none left, or when "
     "what was broken works again."},
    {"notices", "evidence_min", SETTING_COUNT_32, AT(ops.notices.evidence_min), "4", 1, 100000, NULL,
     "How many times a fault must show itself in that time before it is noticed."},
    {"notices", "socket_time", SETTING_TIME_32, AT(ops.notices.socket_ms), "15s", 100, 600000, NULL,
     "A browser that was given the page must have connected its WebSocket by then, or it counts as evidence."},
    {"notices", "look", SETTING_TIME_32, AT(ops.notices.look_ms), "5s", 50, 60000, NULL,
     "Between two looks at the evidence."},
    {"notices", "repeat", SETTING_TIME_32, AT(ops.notices.repeat_ms), "1h", 1000, 604800000, NULL,
     "The log is told of a notice at once, and again after this time while it lasts; never more often."},
    {"notices", "one_address_min", SETTING_COUNT_32, AT(ops.notices.one_address_min), "20", 2, 10000000, NULL,
     "So many connections that all come from one address, and none from another, are worth a remark."},
    {"notices", "page", SETTING_SWITCH, AT(ops.notices.is_on_page), "on", NO, NO, NULL,
     "Show people on the page, in a banner and without addresses, what is wrong with the proxy in front."},

    {"tls", "certificates", SETTING_PAIRS, AT(tls), "", NO, NO, NULL,
     "Certificates for the addresses with tls: the file of the chain and the file of its key in PEM, with a blank "
     "between them; several pairs are separated by commas. A client gets the one for the name that it asks for, the "
     "first one otherwise. SIGHUP reads them again."},
    {"tls", "version_min", SETTING_WORD, AT(tls.version_min), "1.2", NO, NO, "1.2 1.3",
     "The oldest TLS that is spoken."},
    {"tls", "handshake_time", SETTING_TIME_32, AT(net.tls_handshake_ms), "10s", 10, 600000, NULL,
     "For a TLS handshake, from accepting the connection on."},
    {"tls", "handshake_slice", SETTING_TIME_32, AT(net.tls_slice_ms), "2ms", 1, 1000, NULL,
     "Of each turn of a shard's loop, what handshakes may take; the others wait for the next turn, so that a storm of "
     "them does not hold up messages."},
    {"tls", "ticket_time", SETTING_TIME_64, AT(tickets_ms), "6h", 1000, 604800000, NULL,
     "How long tickets, by which clients resume sessions, are made with the same key; they are taken for three times "
     "that."},
    {"tls", "hsts", SETTING_TIME_64, AT(net.hsts_ms), "0ms", 0, 63072000000, NULL,
     "For how long browsers are told to come by https only (Strict-Transport-Security); 0 is not at all. Begin with an "
     "hour: it cannot be taken back."},

    {"connections", "max", SETTING_COUNT, AT(net.connections_max), "10000", 1, 10000000, NULL,
     "Connections in all; more are answered with 503."},
    {"connections", "per_address_max", SETTING_COUNT, AT(net.connections_per_address_max), "1000", 0, 10000000, NULL,
     "Connections from one address (IPv6: from one /64); more are answered with 429. 0 is no limit. Everybody "
     "behind one proxy or one office counts as one."},
    {"connections", "upgrade_rate", SETTING_RATE, AT(upgrade_rate), "1000/5000", NO, NO, NULL,
     "Upgrades to WebSocket, of all shards together: per second on the long run, and at once. More are answered with "
     "503 before anything is done for them, and each is told a moment of its own to come back. 0/0 is no limit."},
    {"connections", "backlog", SETTING_INT, AT(net.backlog), "4096", 1, 65535, NULL,
     "Connections that the kernel holds until they are accepted."},

    {"connection", "request_time", SETTING_TIME_32, AT(net.request_ms), "10s", 10, 600000, NULL,
     "For a whole HTTP request to arrive, from its first byte on."},
    {"connection", "keep_alive", SETTING_TIME_32, AT(net.keep_alive_ms), "60s", 10, 3600000, NULL,
     "For the next HTTP request on a kept connection."},
    {"connection", "heartbeat", SETTING_TIME_32, AT(net.heartbeat_ms), "25s", 100, 3600000, NULL,
     "Silence after which a WebSocket is pinged; after two of these it is closed. Below the 60 s after which most "
     "proxies cut."},
    {"connection", "heartbeat_floor", SETTING_TIME_32, AT(net.heartbeat_floor_ms), "2s", 50, 3600000, NULL,
     "Where a proxy or a network proves to cut silent connections sooner than `heartbeat` would ping them, they are "
     "pinged in time; never more often than this."},
    {"connection", "heartbeat_forget", SETTING_TIME_32, AT(net.heartbeat_forget_ms), "1h", 0, 86400000, NULL,
     "Without new evidence for so long, a few connections try whether such a path has become better; after twice as "
     "long it is forgotten. 0: nothing is learned."},
    {"connection", "write_time", SETTING_TIME_32, AT(net.write_ms), "5s", 10, 600000, NULL,
     "Bytes wait and the peer takes none for so long: the connection is closed as too slow."},
    {"connection", "close_time", SETTING_TIME_32, AT(net.close_ms), "5s", 10, 600000, NULL,
     "For the other side's Close and end of stream."},
    {"connection", "head_max", SETTING_SIZE, AT(net.head_bytes_max), "16KiB", 1024, 1048576, NULL,
     "A request's line and fields; more is answered with 431."},
    {"connection", "body_max", SETTING_SIZE, AT(net.body_bytes_max), "64KiB", 0, 16777216, NULL,
     "A request's body; more is answered with 413."},
    {"connection", "message_max", SETTING_SIZE, AT(net.message_bytes_max), "64KiB", 1024, 16777216, NULL,
     "A WebSocket message, decompressed; more is closed with 1009."},
    {"connection", "fragments_max", SETTING_COUNT_32, AT(net.fragments_max), "1024", 1, 1000000, NULL,
     "Frames of one WebSocket message; more is closed with 1008."},
    {"connection", "control_frames_max", SETTING_COUNT_32, AT(net.control_frames_per_second_max), "100", 0, 65000, NULL,
     "Pings and pongs per second; more is closed with 1008. 0 is no limit."},
    {"connection", "answers_pending_max", SETTING_COUNT_32, AT(net.answers_pending_max), "256", 1, 65000, NULL,
     "Commands of one connection that are being worked on; further ones are read when answers have come."},
    {"connection", "outbox_max", SETTING_SIZE, AT(net.outbox_bytes_max), "4MiB", 65536, 1073741824, NULL,
     "Answers that wait for one connection. At half of it no more commands are read, beyond it the connection is "
     "closed as too slow."},
    {"connection", "send_buffer", SETTING_INT, AT(net.send_buffer_bytes), "65536", 0, 16777216, NULL,
     "The kernel's buffer for a connection's output, in bytes (it takes about twice that): what a stalled reader "
     "costs. 0 leaves it to the kernel, which may take megabytes."},
    {"connection", "unsent_max", SETTING_INT, AT(net.unsent_bytes_max), "16384", 0, 16777216, NULL,
     "Unsent bytes in that buffer below which the kernel asks for more (TCP_NOTSENT_LOWAT); 0 leaves it to the "
     "kernel."},
    {"connection", "slow", SETTING_WORD, AT(net.slow_policy), "skip", NO, NO, "skip close",
     "What happens to a reader that cannot follow its room: skip moves it forward and says what it missed, close "
     "ends it with 4108."},
    {"connection", "compression", SETTING_SWITCH, AT(net.has_compression), "on", NO, NO, NULL,
     "Offer permessage-deflate."},
    {"connection", "compression_level", SETTING_INT, AT(net.compression_level), "4", 1, 9, NULL,
     "From 1, quick, to 9, small."},
    {"connection", "compression_min", SETTING_SIZE, AT(net.compression_bytes_min), "1KiB", 0, 16777216, NULL,
     "Shorter messages are sent plain: compressing them saves little."},

    {"feed", "max", SETTING_SIZE, AT(net.feed_bytes_max), "1MiB", 4096, 1073741824, NULL,
     "The newest events of a room that each shard keeps for readers that are behind; who falls off is told of a gap."},
    {"feed", "mailbox_max", SETTING_COUNT, AT(net.mailbox_letters), "8192", 64, 1048576, NULL,
     "Letters that wait for a shard."},
    {"feed", "slice", SETTING_COUNT, AT(net.flush_slice), "32", 1, 1000000, NULL,
     "Subscribers that are served before a shard looks at its sockets again. A room of more than 32 times as many is "
     "served in 32 slices, of 1,024 at most."},

    {"store", "durability", SETTING_WORD, AT(store.durability), "power", NO, NO, "power process",
     "What acknowledged messages survive: power, a power cut; process, any crash of the program, and it is faster "
     "for single messages."},
    {"store", "queue_max", SETTING_COUNT, AT(store.queue_letters), "16384", 64, 1048576, NULL,
     "Commands that wait for the store; more are answered busy."},
    {"store", "batch_max", SETTING_COUNT, AT(store.batch_letters_max), "4096", 1, 65000, NULL,
     "Commands that one commit may hold."},
    {"store", "recent_events", SETTING_COUNT, AT(store.recent_events_max), "256", 1, 1000000, NULL,
     "The newest events of each live room that are kept in memory."},
    {"store", "recent_bytes", SETTING_SIZE, AT(store.recent_bytes_max), "256KiB", 1024, 1073741824, NULL,
     "How many bytes of them."},
    {"store", "recent_total", SETTING_SIZE, AT(store.recent_total_max), "64MiB", 1048576, 1099511627776, NULL,
     "How many bytes of them in all rooms together. Beyond it the rooms that have been quiet longest keep one event."},
    {"store", "readers", SETTING_COUNT, AT(store.reader_threads), "2", 1, 64, NULL, "Threads that read old events."},
    {"store", "reads_max", SETTING_COUNT, AT(store.reader_jobs_max), "4096", 1, 1048576, NULL,
     "Reads that wait; more are answered busy."},
    {"store", "wal_max", SETTING_SIZE, AT(store.wal_bytes_max), "64MiB", 1048576, 1099511627776.0, NULL,
     "The write-ahead log is moved into the database when it grows beyond this."},
    {"store", "keys_recent", SETTING_COUNT, AT(store.keys_recent_max), "262144", 1024, 16777216, NULL,
     "The newest keys that are kept in memory, 24 bytes each, before they go into the index on disk together; twice as "
     "many at the most."},

    {"retention", "age", SETTING_TIME_64, AT(store.retention.age_ms), "0ms", 0, 3153600000000.0, NULL,
     "Events older than that go for good, such as 90d; 0 keeps them for ever. A room can have limits of its own "
     "(natter retention)."},
    {"retention", "events", SETTING_COUNT, AT(store.retention.events_max), "0", 0, 1000000000000.0, NULL,
     "Events that a room keeps; the oldest beyond it go. 0 is no limit."},
    {"retention", "size", SETTING_SIZE, AT(store.retention.bytes_max), "0", 0, 1099511627776.0, NULL,
     "Bytes that a room's events may take: their texts, keys and names, and 150 for each; the oldest beyond it go. "
     "0 is no limit."},
    {"retention", "interval", SETTING_TIME_32, AT(store.retention_interval_ms), "1min", 10, 86400000, NULL,
     "Between two looks at all rooms for what has to go."},
    {"retention", "slice", SETTING_COUNT, AT(store.retention_slice_events), "64", 1, 1024, NULL,
     "Events that go with one commit; senders wait for at most that much more."},
    {"retention", "pause", SETTING_TIME_32, AT(store.retention_pause_ms), "20ms", 1, 60000, NULL,
     "Between two such slices."},

    {"chat", "default_room", SETTING_TEXT, AT(chat.default_room), "lobby", NO, NO, NULL,
     "Where clients go that name no room."},
    {"chat", "make_rooms", SETTING_SWITCH, AT(chat.may_make_rooms), "on", NO, NO, NULL,
     "The first join makes a room; off, only rooms that exist can be joined."},
    {"chat", "guests", SETTING_SWITCH, AT(chat.has_guests), "on", NO, NO, NULL,
     "Whoever brings no identity is a new guest; off, they are refused."},
    {"chat", "origins", SETTING_ORIGINS, AT(chat.origins), "", NO, NO, NULL,
     "Origins of other web pages that may connect, such as https://example.org, separated by commas; * allows any "
     "page to."},
    {"chat", "text_max", SETTING_SIZE, AT(chat.text_bytes_max), "16KiB", 16, 1048576, NULL,
     "A message's text; more is answered too_large."},
    {"chat", "direct_users_max", SETTING_COUNT, AT(chat.direct_users_max), "8", 0, 32, NULL,
     "Users of one direct room; below 2 there are no direct messages."},
    {"chat", "mentions_max", SETTING_COUNT, AT(chat.mentions_max), "20", 0, 150, NULL,
     "Users that one message can name with @; further names are only text."},
    {"chat", "rooms_live_max", SETTING_COUNT, AT(chat.rooms_live_max), "100000", 1, 10000000, NULL,
     "Rooms with members at the same time; more are answered busy."},
    {"chat", "rooms_per_connection_max", SETTING_COUNT, AT(chat.rooms_per_connection_max), "100", 1, 250, NULL,
     "Rooms that one connection may be in."},
    {"chat", "rooms_per_user_max", SETTING_COUNT, AT(chat.rooms_per_user_max), "500", 1, 5000, NULL,
     "Rooms that a user may belong to, until the command leave; a join beyond is answered too_large."},
    {"chat", "history_events_max", SETTING_COUNT, AT(chat.history_events_max), "200", 1, 10000, NULL,
     "Events of one page of history, or of the replay after a reconnect."},
    {"chat", "history_bytes_max", SETTING_SIZE, AT(chat.history_bytes_max), "512KiB", 65536, 1048576, NULL,
     "How many bytes of them."},
    {"chat", "presence_lease", SETTING_TIME_32, AT(chat.presence_lease_ms), "5s", 0, 600000, NULL,
     "How long a user is still shown after the last connection ended, so that a reload does not flicker."},
    {"chat", "presence_interval", SETTING_TIME_32, AT(chat.presence_interval_ms), "200ms", 10, 60000, NULL,
     "Between two presence frames of a room."},
    {"chat", "presence_names_max", SETTING_COUNT_32, AT(chat.presence_names_max), "200", 0, 10000, NULL,
     "In rooms with more members presence tells the count only."},
    {"chat", "typing_interval", SETTING_TIME_32, AT(chat.typing_interval_ms), "1s", 0, 60000, NULL,
     "A user's typing is told at most once in that time."},
    {"chat", "token_days", SETTING_COUNT_32, AT(chat.token_days), "180", 1, 36500, NULL,
     "How many days a guest's token is good without being used."},

    {"rate", "send", SETTING_RATE, RATE(SEND), "5/20", NO, NO, NULL,
     "Messages, edits, deletions and reactions of one connection: per second on the long run, and at once."},
    {"rate", "join", SETTING_RATE, RATE(JOIN), "10/60", NO, NO, NULL, "Joins, leaves, logins and changes of name."},
    {"rate", "read", SETTING_RATE, RATE(READ), "10/40", NO, NO, NULL,
     "History, members, rooms, digests and read marks."},
    {"rate", "signal", SETTING_RATE, RATE(SIGNAL), "5/20", NO, NO, NULL,
     "Typing and pings, and frames that are not understood."},
    {"rate", "address", SETTING_RATE, AT(chat.address_rate), "200/1000", NO, NO, NULL,
     "All commands of one address together (IPv6: of one /64), on each shard."},
    {"rate", "warnings_max", SETTING_COUNT_32, AT(chat.rate_warnings_max), "100", 0, 1000000, NULL,
     "Refusals in a row that are answered rate_limited; then the connection is closed with 1008."},
};
const size_t setting_count = sizeof settings / sizeof *settings;
