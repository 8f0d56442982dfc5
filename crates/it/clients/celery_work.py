"""Celery, with the server as broker and result store: tasks, retries, times, canvases, control."""

import os
import sys
import time

os.environ["MEROPS_PORT"] = sys.argv[1]

import redis
from celery import chain, chord, group
from celery.exceptions import TaskRevokedError, TimeoutError
from celery.result import AsyncResult, GroupResult
from celery_app import add, app, fail, failed, note, silent, stages, third_time, total
from processes import running, until

r = redis.Redis(port=int(sys.argv[1]), db=1, decode_responses=True)
r.flushall()
GET = {"timeout": 20, "interval": 0.01}


def tasks():
    made = [add.delay(n, n) for n in range(60)]
    assert [result.get(**GET) for result in made] == [2 * n for n in range(60)]
    again = AsyncResult(made[7].id, app=app)
    assert (again.state, again.result, again.name, again.args) == ("SUCCESS", 14, "celery_app.add", [7, 7])
    assert 0 < r.ttl(f"celery-task-meta-{made[7].id}") <= 100
    made[7].forget()
    assert not r.exists(f"celery-task-meta-{made[7].id}")
    for _ in range(20):
        silent.delay("counted")
    until(lambda: r.get("counted") == "20", "tasks without results")
    states = []

    def hear(body):
        states.append(body["status"])
        r.set("stages heard", "yes")

    reported = stages.delay().get(on_message=hear, **GET)
    assert reported == "over" and states[-1] == "SUCCESS" and "STAGE" in states, states
    try:
        add.signature((1, 1), queue="nobody").delay().get(timeout=0.1)
        raise AssertionError("no timeout")
    except TimeoutError:
        pass


def failures():
    result = fail.apply_async(("broken",), link_error=failed.s())
    error = result.get(propagate=False, **GET)
    assert isinstance(error, ValueError) and result.state == "FAILURE" and "broken" in result.traceback
    until(lambda: r.lrange("failed", 0, -1) == [f"{result.id} broken"], "the errback")
    assert third_time.delay().get(**GET) == 2
    hopeless = third_time.delay(times=9)
    assert isinstance(hopeless.get(propagate=False, **GET), RuntimeError)


def times():
    begin = time.time()
    soon = note.apply_async(("order", "soon"), countdown=0.8)
    at = note.apply_async(("order", "at"), eta=app.now().fromtimestamp(begin + 1.2, app.timezone))
    old = note.apply_async(("order", "old"), countdown=0.3, expires=0.1)
    now = note.delay("order", "now")
    assert now.get(**GET) == 1 and soon.get(**GET) == 2 and time.time() - begin >= 0.8
    assert at.get(**GET) == 3 and time.time() - begin >= 1.2
    assert isinstance(old.get(propagate=False, **GET), TaskRevokedError) and old.state == "REVOKED"
    assert r.lrange("order", 0, -1) == ["now", "soon", "at"]


def canvases():
    assert chain(add.s(1, 2), add.s(10), add.s(100)).apply_async().get(**GET) == 113
    many = group(add.s(n, 1) for n in range(30)).apply_async()
    assert many.get(**GET) == list(range(1, 31)) and many.completed_count() == 30
    many.save()
    assert len(GroupResult.restore(many.id, app=app)) == 30
    sums = [chord((add.s(n, m) for m in range(10)), total.s()).apply_async() for n in range(5)]
    assert [result.get(**GET) for result in sums] == [10 * n + 45 for n in range(5)]
    forked = chain(add.s(1, 1), group(add.s(2), add.s(3)), total.s())
    assert forked.apply_async().get(**GET) == 9
    inner = chord([add.s(1, 1), add.s(2, 2)], total.s())
    assert chord([inner, add.s(3, 3)], total.s()).apply_async().get(**GET) == 12
    broken = chord([add.s(1, 1), fail.s("part")], total.s()).apply_async()
    assert "part" in str(broken.get(propagate=False, **GET))
    pieces = add.chunks([(n, n) for n in range(9)], 3).group().apply_async()
    assert pieces.get(**GET) == [[0, 2, 4], [6, 8, 10], [12, 14, 16]]
    linked = add.apply_async((5, 5), link=note.si("linked", "x"))
    assert linked.get(**GET) == 10
    until(lambda: r.llen("linked") == 1, "the callback")


def control():
    alive = app.control.ping(timeout=5, limit=1)
    assert [list(answer.values()) for answer in alive] == [[{"ok": "pong"}]]
    late = add.apply_async((1, 1), countdown=60)
    inspect = app.control.inspect(timeout=1, limit=1)
    until(lambda: late.id in str(inspect.scheduled()), "the one that is scheduled")
    late.revoke()
    until(lambda: late.id in str(inspect.revoked()), "its end")
    assert "celery_app.add" in str(inspect.registered())


worker = ["celery", "-A", "celery_app", "worker", "-c", "4", "-P", "threads", "-l", "warning", "-n"]
with running([[*worker, "one@here"], [*worker[:5], "2", "-P", "prefork", "-l", "warning", "-n", "two@here"]]) as said:
    until(lambda: len(app.control.ping(timeout=1, limit=2)) == 2, "the workers")
    for step in (tasks, failures, times, canvases, control):
        step()
    # Whoever loses the connection says so.
    assert not any("redis.exceptions" in text or "onnection" in text for text in said()), said()
