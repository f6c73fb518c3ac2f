"""Downloads the URLs of a file with aiohttp, the usual way in Python: a session, a limit on its connections, a task for each URL.

    with_aiohttp.py URLS FOLDER CONNECTIONS
"""

import asyncio
import sys
from pathlib import Path

import aiohttp


async def save(session, url, folder):
    async with session.get(url) as answer:
        content = await answer.read()
        if answer.status == 200:
            (folder / url.rsplit("/", 1)[1]).write_bytes(content)


async def main(urls, folder, connections):
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(save(session, url, folder) for url in urls))


if __name__ == "__main__":
    _, file, folder, connections = sys.argv
    asyncio.run(main(Path(file).read_text().split(), Path(folder), int(connections)))
