// SPDX-License-Identifier: Apache-2.0

// A broadcaster on the npm package ws, as its documentation shows: every client of the room that is open gets what came
// in. A path is a room.
import { WebSocketServer, WebSocket } from 'ws';

const compression = process.argv.includes('--compress');
const rooms = new Map();
const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    backlog: 4096,
    clientTracking: false,
    perMessageDeflate: compression ? { threshold: 1024, serverNoContextTakeover: true } : false,
});

function enter(path, socket) {
    const room = rooms.get(path) ?? new Set();
    rooms.set(path, room.add(socket));
    socket.on('close', () => room.delete(socket));
    return room;
}

server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket, request) => {
    const room = enter(request.url, socket);
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, isBinary) => {
        for (const client of room) {
            if (client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary });
        }
    });
});
