"""A plain loop over python-telegram-bot, as Debian packages it, in a pool of threads: no state, no pace.

Reads lines of JSON: first apiRoot, threads, tokens; then, for each run, the messages of each bot. Writes a line after each.
"""
import json
import logging
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from telegram import Bot
from telegram.utils.request import Request

FIRST_CHAT = 1_000_000_001
CHATS_PER_BOT = 100_000

setting = json.loads(sys.stdin.readline())
request = Request(con_pool_size=setting["threads"] + 4)
bots = [Bot(token, base_url=setting["apiRoot"] + "/bot", request=request) for token in setting["tokens"]]


def send(bot, chat):
    bots[bot].send_message(
        FIRST_CHAT + bot * CHATS_PER_BOT + chat, "Good morning, Person %d!" % chat, parse_mode="HTML"
    )


print(json.dumps({"isReady": True}), flush=True)
with ThreadPoolExecutor(setting["threads"]) as pool:
    for line in sys.stdin:
        count = json.loads(line)["messagesPerBot"]
        sent = [pool.submit(send, bot, chat) for chat in range(count) for bot in range(len(bots))]
        for future in sent:
            future.result()
        print(json.dumps({"isDone": True}), flush=True)
