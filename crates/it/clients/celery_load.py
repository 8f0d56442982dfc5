"""Celery under load, to be run by hand: `celery_load.py PORT [TASKS]`. Every task is done once."""

import os
import sys
import time

os.environ["MEROPS_PORT"] = sys.argv[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 500

import redis
from celery import chord, group
from celery_app import add, app, note, third_time, total
from processes import running, until

r = redis.Redis(port=int(sys.argv[1]), db=1)
r.flushall()
worker = ["celery", "-A", "celery_app", "worker", "-l", "warning"]
with running([[*worker, "-c", "4", "-P", pool, "-n", f"{pool}@here"] for pool in ("threads", "prefork")]) as said:
    until(lambda: len(app.control.ping(timeout=1, limit=2)) == 2, "the workers")
    begin = time.time()
    singles = [(add, add.delay(n, n)) for n in range(count // 2)]
    notes = [note.delay("notes", n) for n in range(count // 4)]
    retried = [third_time.delay() for _ in range(count // 20)]
    chords = [chord((add.s(n, m) for m in range(8)), total.s()).delay() for n in range(count // 40)]
    groups = [group(add.s(n, m) for m in range(8)).delay() for n in range(count // 100)]
    assert [result.get(timeout=60) for _, result in singles] == [2 * n for n in range(count // 2)]
    assert [result.get(timeout=60) for result in retried] == [2] * (count // 20)
    assert [result.get(timeout=60) for result in chords] == [8 * n + 28 for n in range(count // 40)]
    assert [sum(result.get(timeout=60)) for result in groups] == [8 * n + 28 for n in range(count // 100)]
    for result in notes:
        result.get(timeout=60)
    assert sorted(map(int, r.lrange("notes", 0, -1))) == list(range(count // 4)), "each once"
    left = redis.Redis(port=int(sys.argv[1]), db=0)
    until(lambda: left.hlen("unacked") == 0 and left.llen("celery") == 0, "an empty queue")
    print(f"{count} in {time.time() - begin:.1f} s", *said(), sep="\n")
