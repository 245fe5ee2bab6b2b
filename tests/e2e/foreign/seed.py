"""A client of the test page and of the inbox, over the PyPI package `websockets`.

usage: seed.py BASE_URL TOKEN API_KEY USER
"""

import asyncio
import json
import sys
import urllib.request

from websockets.asyncio.client import connect

BASE, TOKEN, KEY, USER = sys.argv[1:]
WS = BASE.replace("http", "ws", 1)
SECONDS = 30


async def receive(socket, *types):
    """The next frame of one of these types."""
    while True:
        frame = json.loads(await asyncio.wait_for(socket.recv(), SECONDS))
        if frame["type"] in types:
            return frame


async def ask(socket, **frame):
    await socket.send(json.dumps(frame))
    return await receive(socket, f"{frame['type']}_response", "pong")


def publish(title):
    body = json.dumps({"to": {"users": [USER]}, "title": title}).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{BASE}/v1/notifications", body, headers)
    with urllib.request.urlopen(request, timeout=SECONDS) as response:
        assert response.status == 202, response.status


async def test_page():
    protocols = ["fanfare.v1", f"bearer.{TOKEN}"]
    async with connect(f"{WS}/ws/test/", subprotocols=protocols, proxy=None) as socket:
        assert socket.subprotocol == "fanfare.v1", socket.subprotocol
        await receive(socket, "welcome")
        assert (await ask(socket, type="ping"))["data"]["server_time"]
        echo = await ask(socket, type="echo", content={"héllo": ["😀", 1.50]})
        assert echo["message"] == {"héllo": ["😀", 1.50]}, echo
        chat = await ask(socket, type="chat", content="你好")
        assert chat["data"]["original_message"] == "你好", chat
        info = await ask(socket, type="system_info")
        assert info["data"]["cpu_cores"] >= 1, info
        custom = await ask(socket, type="custom", data={"a": 1})
        assert custom["data"]["data"] == {"a": 1}, custom
        await (await socket.ping())


async def inbox():
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with connect(f"{WS}/ws/notifications/", additional_headers=headers, proxy=None) as socket:
        while (await receive(socket, "subscribed"))["channel"] != f"user:{USER}":
            pass
        await asyncio.to_thread(publish, "from python")
        frame = await receive(socket, "notification")
        assert frame["data"]["title"] == "from python", frame


async def main():
    await test_page()
    await inbox()
    print("all answers came")


asyncio.run(main())
