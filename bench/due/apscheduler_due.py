"""APScheduler with its SQL store on SQLite: how late jobs run that are due within a second while others wait.

Reads one line of JSON: waiting, count, spanMs, leadMs, folder. Writes one line of JSON when all have run.
"""
import json
import logging
import math
import sys
import threading
import time
import warnings
from datetime import datetime, timedelta

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from pytz import utc

GIVEN_UP_SECONDS = 180
workload = json.loads(sys.stdin.readline())
count = workload["count"]
due_at = [0.0] * count
times = [0] * count
late_ms = []
lock = threading.Lock()
done = threading.Semaphore(0)


def note(n):
    late = (time.time() - due_at[n]) * 1000
    with lock:
        times[n] += 1
        if times[n] == 1:
            late_ms.append(late)
    done.release()


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * percent / 100) - 1)]


store = SQLAlchemyJobStore(url="sqlite:///" + workload["folder"] + "/jobs.sqlite")
scheduler = BackgroundScheduler(
    jobstores={"default": store},
    executors={"default": ThreadPoolExecutor(20)},
    job_defaults={"misfire_grace_time": None, "coalesce": False},
    timezone=utc,
)
scheduler.start(paused=True)
far = datetime.now(utc) + timedelta(days=2)
adding_began = time.time()
for n in range(workload["waiting"]):
    scheduler.add_job(note, "date", run_date=far + timedelta(seconds=n), args=[0], id="w%d" % n)
# The other jobs take as long to write as those that wait took, and half as long again at most.
writing = (time.time() - adding_began) * 1.5 * count / max(1, workload["waiting"])
first = math.ceil(time.time() + writing + workload["leadMs"] / 1000)
for n in range(count):
    due_at[n] = first + n * workload["spanMs"] / 1000 / count
    scheduler.add_job(note, "date", run_date=datetime.fromtimestamp(due_at[n], utc), args=[n], id="d%d" % n)
if time.time() > first:
    sys.exit("The jobs were not written before they were due.")
scheduler.resume()
deadline = first + GIVEN_UP_SECONDS
for _ in range(count):
    if not done.acquire(timeout=max(0.0, deadline - time.time())):
        break
time.sleep(1)
print(
    json.dumps(
        {
            "count": count,
            "p50Ms": percentile(late_ms, 50),
            "p99Ms": percentile(late_ms, 99),
            "mostMs": max(late_ms),
            "lost": sum(1 for seen in times if seen == 0),
            "doubled": sum(seen - 1 for seen in times if seen > 1),
        }
    ),
    flush=True,
)
scheduler.shutdown(wait=False)
