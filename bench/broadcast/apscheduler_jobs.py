"""APScheduler with its SQLite store and python-telegram-bot, as Debian packages them: one job per message, all due at once.

Reads one line of JSON: apiRoot, jobCount, botCount, folder, tokens. Writes one line when everything is due, one at the end.
"""
import json
import logging
import sys
import threading
import warnings
from datetime import datetime, timedelta

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from pytz import utc
from telegram import Bot
from telegram.utils.request import Request

workload = json.loads(sys.stdin.readline())
job_count = workload["jobCount"]
request = Request(con_pool_size=workload["threads"] + 4)
bots = [Bot(token, base_url=workload["apiRoot"] + "/bot", request=request) for token in workload["tokens"]]
done = threading.Semaphore(0)


def send(bot, chat_id, text):
    bots[bot].send_message(chat_id, text, parse_mode="HTML")
    done.release()


def write(message):
    print(json.dumps(message), flush=True)


scheduler = BackgroundScheduler(
    jobstores={"default": SQLAlchemyJobStore(url="sqlite:///" + workload["folder"] + "/jobs.sqlite")},
    executors={"default": ThreadPoolExecutor(workload["threads"])},
    job_defaults={"misfire_grace_time": None, "coalesce": False},
    timezone=utc,
)
scheduler.start(paused=True)
# Due in the past by the time that the scheduler goes on: all at once.
due = datetime.now(utc) + timedelta(seconds=1)
for number in range(job_count):
    bot = number % len(bots)
    scheduler.add_job(send, "date", run_date=due, args=[bot, number + 1, "Good morning, Person %d!" % number])
write({"isReady": True})
sys.stdin.readline()
scheduler.resume()
for _ in range(job_count):
    done.acquire()
write({"isDone": True})
scheduler.shutdown(wait=True)
