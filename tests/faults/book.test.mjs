// SPDX-License-Identifier: Apache-2.0
// The ledger itself: whatever a server may do wrong, the book must say so.
import { assert, test } from '../e2e/lib/harness.mjs';
import { Book, textOf } from './lib/book.mjs';

const ROOM = 'checked';
const ada = { id: 'ada', name: 'Ada' };
const message = (seq, more = {}) => ({
    type: 'message',
    room: ROOM,
    seq,
    user: ada,
    key: `k${seq}`,
    text: textOf(`k${seq}`),
    ...more,
});
const deletion = (seq, target) => ({ type: 'deleted', room: ROOM, seq, user: ada, key: `k${seq}`, target });
const gone = (seq) => message(seq, { text: '', deleted: true });

/** Three messages, all acknowledged and shown; then the third is deleted. */
function honestBook() {
    const room = new Book([ROOM]).room(ROOM);
    for (const seq of [1, 2, 3]) {
        room.show(message(seq));
        room.ack(ada.id, `k${seq}`, seq);
    }
    room.ack(ada.id, 'k4', 4);
    return room;
}

const honestLog = () => [message(1), message(2), gone(3), deletion(4, 3)];

/** Each: what goes wrong, and how the book learns of it. */
const LIES = [
    ['an acknowledged event is lost', (room) => room.compare(honestLog().slice(0, 3))],
    ['a hole', (room) => room.compare([message(1), ...honestLog().slice(2)])],
    ['a key twice', (room) => room.compare([...honestLog(), message(5, { key: 'k1', text: textOf('k1') })])],
    ['two events changed places', (room) => room.compare([message(1, { key: 'k2', text: textOf('k2') }), message(2)])],
    ['another text', (room) => room.compare([message(1, { text: textOf('k2') }), ...honestLog().slice(1)])],
    ['a deletion that did not delete', (room) => room.compare([message(1), message(2), message(3), deletion(4, 3)])],
    ['a text gone without a deletion', (room) => room.compare([gone(1), ...honestLog().slice(1)])],
    ['shown, and not in the log', (room) => (room.show(message(5)), room.compare(honestLog()))],
    ['acknowledged twice under two numbers', (room) => room.ack(ada.id, 'k1', 9)],
    ['shown as two different events', (room) => room.show(message(1, { user: { id: 'bob', name: 'Bob' } }))],
    ['refused after the ack', (room) => room.refuse(ada.id, 'k1')],
    ['refused, and in the log', (room) => (room.refuse(ada.id, 'k5'), room.compare([...honestLog(), message(5)]))],
    ['another life of the log', (room) => (room.lives('one'), room.lives('two'))],
];

test('the book finds every lie, and none in the truth', async () => {
    honestBook().compare(honestLog());
    for (const [name, tell] of LIES) {
        let found = null;
        try {
            tell(honestBook());
        } catch (error) {
            found = error;
        }
        assert(found, `not found: ${name}`);
    }
});
