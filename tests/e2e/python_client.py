# SPDX-License-Identifier: Apache-2.0
"""A client of another make: the websockets package of Debian. Prints "all fine" or fails."""
import asyncio
import json
import sys

import websockets


async def next_frame(socket, kind):
    while True:
        frame = json.loads(await asyncio.wait_for(socket.recv(), 20))
        if frame["type"] == kind:
            return frame


async def main(url):
    async with websockets.connect(url) as walk_in:
        welcome = await next_frame(walk_in, "welcome")
        await next_frame(walk_in, "joined")
        await walk_in.send("from python")
        message = await next_frame(walk_in, "message")
        assert message["text"] == "from python" and message["user"] == welcome["user"], message
        async with websockets.connect(url, subprotocols=["natter.v1"]) as client:
            assert client.subprotocol == "natter.v1"
            await next_frame(client, "welcome")
            await client.send(json.dumps({"type": "join", "room": "lobby", "history": 10, "ref": "1"}))
            joined = await next_frame(client, "joined")
            assert joined["ref"] == "1" and joined["events"][-1]["text"] == "from python", joined
            big = "größer " * 500
            await client.send(json.dumps({"type": "send", "room": "lobby", "text": big, "key": "big"}))
            assert (await next_frame(client, "ack"))["seq"] == joined["seq"] + 1
            assert (await next_frame(walk_in, "message"))["text"] == big
            await (await client.ping())
    print("all fine")


asyncio.run(main(sys.argv[1]))
