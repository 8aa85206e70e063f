/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/survey.h"

#include "chat/chat_inside.h"

enum { NUMBERS_PER_ROOM_MAX = 32, TRAFFIC_WINDOW_MS = 10000, MS_PER_S = 1000 };

void survey_sessions(struct session_sight *sights, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct session *session = sights[i].owner;
        sights[i].user[0] = sights[i].name[0] = 0;
        if (!session || !session->user)
            continue;
        struct view name = user_name(session->user);
        token_user_text(session->user->id, sights[i].user);
        check(name.size < sizeof sights[i].name);
        memcpy(sights[i].name, name.at, name.size);
        sights[i].name[name.size] = 0;
    }
}

/* Two windows of ten seconds: the one at work, and the one before it. */
void room_count_events(struct room *room, uint32_t events, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - room->traffic_ms;

    if (passed_ms >= TRAFFIC_WINDOW_MS) {
        room->traffic_before = passed_ms < (uint64_t)2 * TRAFFIC_WINDOW_MS ? room->traffic_now : 0;
        room->traffic_now = 0;
        room->traffic_ms = passed_ms < (uint64_t)2 * TRAFFIC_WINDOW_MS ? room->traffic_ms + TRAFFIC_WINDOW_MS : now_ms;
    }
    room->traffic_now += events;
}

static double events_per_s(const struct room *room, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - room->traffic_ms;
    uint32_t events = room->traffic_now + room->traffic_before;

    if (passed_ms >= (uint64_t)2 * TRAFFIC_WINDOW_MS)
        return 0;
    if (passed_ms >= TRAFFIC_WINDOW_MS)
        return (double)room->traffic_now * MS_PER_S / (double)passed_ms;
    return (double)events * MS_PER_S / (double)(TRAFFIC_WINDOW_MS + passed_ms);
}

static void see_room(const struct room *room, uint64_t now_ms, struct room_sight *out)
{
    *out = (struct room_sight){
        .number = room->number,
        .members = room->member_count,
        .connections = room->session_count,
        .seq = room->log->seq_committed,
        .events_per_s = events_per_s(room, now_ms),
        .is_ephemeral = room->log->is_ephemeral,
    };
    check(room->log->name.size < sizeof out->name);
    memcpy(out->name, room->log->name.at, room->log->name.size);
}

size_t survey_rooms(struct chat *chat, uint32_t *position, struct room_sight out[SURVEY_SLICE])
{
    const struct hub *hub = &chat->hub;
    uint32_t looked = 0;
    size_t count = 0;

    while (count < SURVEY_SLICE && looked++ < SURVEY_SLICE * NUMBERS_PER_ROOM_MAX && *position < hub->numbers_used) {
        const struct room *room = hub->by_number[(*position)++];
        if (room)
            see_room(room, hub->now_ms, &out[count++]);
    }
    if (*position >= hub->numbers_used)
        *position = 0;
    return count;
}

struct view survey_room_name(const struct chat *chat, uint32_t number)
{
    const struct room_label *label = number < chat->options.rooms_live_max
                                         ? atomic_load_explicit(&chat->labels[number], memory_order_acquire)
                                         : NULL;

    return label ? view_of(label->name, label->size) : (struct view){NULL, 0};
}

const struct reports *survey_reports(const struct chat *chat, size_t shard_index)
{
    return &chat->doors[shard_index].reports;
}
