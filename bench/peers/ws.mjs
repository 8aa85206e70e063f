// SPDX-License-Identifier: Apache-2.0

// A broadcaster on the npm package ws, as its documentation shows: every client that is open gets what came in.
import { WebSocketServer, WebSocket } from 'ws';

const compression = process.argv.includes('--compress');
const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    backlog: 4096,
    perMessageDeflate: compression ? { threshold: 1024 } : false,
});

server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => {
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, isBinary) => {
        for (const client of server.clients) {
            if (client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary });
        }
    });
});
