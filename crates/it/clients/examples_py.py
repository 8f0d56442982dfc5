"""What the types are made for, through redis-py: the examples of their documentation."""

import sys
import threading
import time

import redis

port = int(sys.argv[1])


def leaderboard(r):
    board = "leaderboard:game"
    r.zadd(board, {"ann": 3100, "bob": 2900, "cid": 3500, "dee": 1200})
    r.zincrby(board, 700, "bob")
    top = r.zrevrange(board, 0, 2, withscores=True)
    assert [(name, score) for name, score in top] == [("bob", 3600), ("cid", 3500), ("ann", 3100)]
    assert r.zrevrank(board, "dee") == 3 and r.zscore(board, "cid") == 3500
    # Whoever is near a player.
    rank = r.zrevrank(board, "cid")
    assert r.zrevrange(board, max(rank - 1, 0), rank + 1) == ["bob", "cid", "ann"]
    assert r.zcount(board, 3000, "+inf") == 3 and r.zcard(board) == 4
    assert r.zrange(board, "+inf", 3500, byscore=True, desc=True) == ["bob", "cid"]
    assert r.zremrangebyrank(board, 0, -4) == 1 and r.zscore(board, "dee") is None


def rate_limiter(r):
    def allowed(user, now_ms, limit=3, window_ms=1000):
        key = f"rate:{user}"
        with r.pipeline(transaction=True) as pipe:
            pipe.zremrangebyscore(key, 0, now_ms - window_ms)
            pipe.zadd(key, {f"{now_ms}": now_ms})
            pipe.zcard(key)
            pipe.pexpire(key, window_ms)
            _, _, used, _ = pipe.execute()
        return used <= limit

    assert [allowed("u1", at) for at in (1000, 1100, 1200, 1300)] == [True, True, True, False]
    assert allowed("u2", 1300)
    assert allowed("u1", 2350)
    assert 0 < r.pttl("rate:u1") <= 1000


def job_queue(r):
    done = []

    def worker():
        own = redis.Redis(port=port, decode_responses=True, protocol=3)
        while True:
            job = own.blmove("jobs", "jobs:running", 5, "RIGHT", "LEFT")
            assert job is not None, "no job came"
            if job == "stop":
                break
            done.append(job)
            own.lrem("jobs:running", 1, job)

    workers = [threading.Thread(target=worker) for _ in range(3)]
    for thread in workers:
        thread.start()
    for number in range(60):
        r.lpush("jobs", f"job:{number}")
    for _ in workers:
        r.lpush("jobs", "stop")
    for thread in workers:
        thread.join()
    assert sorted(done) == sorted(f"job:{number}" for number in range(60))
    assert r.lrange("jobs:running", 0, -1) == ["stop"] * 3 and r.llen("jobs") == 0
    # What a dead worker left behind goes back.
    while r.lmove("jobs:running", "jobs", "LEFT", "RIGHT"):
        pass
    name, job = r.brpop(["jobs:urgent", "jobs"], timeout=1)
    assert (name, job) == ("jobs", "stop")
    r.delete("jobs")
    started = time.time()
    assert r.brpop("jobs", timeout=0.05) is None and time.time() - started < 2


def reliable_consumers(r):
    stream, group = "orders", "billing"
    r.xgroup_create(stream, group, id="0", mkstream=True)
    ids = [r.xadd(stream, {"order": number, "total": number * 10}) for number in range(10)]
    assert ids == sorted(ids, key=lambda text: tuple(map(int, text.split("-"))))

    def entries(reply):
        streams = dict(reply.items() if isinstance(reply, dict) else reply)
        found = streams.get(stream, [])
        return found[0] if found and isinstance(found[0], list) else found

    # One consumer takes some and dies.
    taken = entries(r.xreadgroup(group, "first", {stream: ">"}, count=4))
    assert [entry for entry, _ in taken] == ids[:4]
    assert taken[1][1] == {"order": "1", "total": "10"}
    assert r.xack(stream, group, ids[0]) == 1
    # Another one works on, and then takes over what was left.
    handled = []
    while True:
        batch = entries(r.xreadgroup(group, "second", {stream: ">"}, count=3, block=20) or {})
        if not batch:
            break
        for entry, _ in batch:
            handled.append(entry)
            r.xack(stream, group, entry)
    assert handled == ids[4:]
    summary = r.xpending(stream, group)
    assert summary["pending"] == 3 and summary["min"] == ids[1] and summary["max"] == ids[3]
    pending = r.xpending_range(stream, group, "-", "+", 10, consumername="first")
    assert [entry["message_id"] for entry in pending] == ids[1:4]
    cursor, claimed, gone = r.xautoclaim(stream, group, "second", min_idle_time=0, start_id="0-0")
    assert (cursor, [entry for entry, _ in claimed], gone) == ("0-0", ids[1:4], [])
    again = entries(r.xreadgroup(group, "second", {stream: "0"}))
    assert [entry for entry, _ in again] == ids[1:4]
    assert r.xack(stream, group, *ids[1:4]) == 3
    info = r.xinfo_groups(stream)[0]
    assert (info["pending"], info["lag"], info["consumers"]) == (0, 0, 2)
    assert r.xtrim(stream, maxlen=2, approximate=False) == 8 and r.xlen(stream) == 2

    # A reader that waits gets what comes.
    def produce():
        time.sleep(0.05)
        redis.Redis(port=port).xadd("news", {"text": "hello"})

    thread = threading.Thread(target=produce)
    thread.start()
    reply = r.xread({"news": "$"}, block=5000)
    thread.join()
    assert "hello" in str(reply), reply


def geo_search(r):
    r.geoadd("stations", (13.361389, 38.115556, "Palermo"))
    r.geoadd("stations", (15.087269, 37.502669, "Catania", 12.496366, 41.902782, "Rome"))
    assert abs(r.geodist("stations", "Palermo", "Catania", unit="km") - 166.2742) < 0.001
    near = r.geosearch("stations", longitude=15, latitude=37, radius=200, unit="km", sort="ASC")
    assert near == ["Catania", "Palermo"]
    wide = r.geosearch(
        "stations", member="Catania", width=1200, height=1200, unit="km", withdist=True, sort="DESC"
    )
    assert [name for name, _ in wide] == ["Rome", "Palermo", "Catania"]
    assert r.geosearchstore("near", "stations", longitude=15, latitude=37, radius=100, unit="km") == 1
    assert r.zrange("near", 0, -1) == ["Catania"]
    assert r.geohash("stations", "Palermo") == ["sqc8b49rny0"]
    (longitude, latitude), = r.geopos("stations", "Palermo")
    assert abs(longitude - 13.361389) < 0.0001 and abs(latitude - 38.115556) < 0.0001


def unique_counting(r):
    for day in range(3):
        r.pfadd(f"visits:{day}", *(f"user:{number}" for number in range(day * 500, day * 500 + 1000)))
    one, all_days = r.pfcount("visits:0"), r.pfcount("visits:0", "visits:1", "visits:2")
    assert abs(one - 1000) < 30 and abs(all_days - 2000) < 60, (one, all_days)
    assert r.pfmerge("visits", "visits:0", "visits:1", "visits:2")
    assert r.pfcount("visits") == all_days
    # Exactly, where it matters: sets, and bits for the days a user was there.
    assert r.sadd("unique:0", "a", "b", "c") == 3 and r.sadd("unique:1", "b", "d") == 2
    assert r.sunion("unique:0", "unique:1") == {"a", "b", "c", "d"}
    assert r.sintercard(2, ["unique:0", "unique:1"]) == 1
    for user in (1, 5, 1_000_000):
        r.setbit("active:mon", user, 1)
    r.setbit("active:tue", 5, 1)
    assert r.bitop("AND", "both", "active:mon", "active:tue") == 125001
    assert r.bitcount("both") == 1 and r.bitcount("active:mon") == 3


def profiles(r):
    r.hset("user:7", mapping={"name": "Ann", "visits": 1})
    assert r.hincrby("user:7", "visits", 4) == 5
    assert r.hgetall("user:7") == {"name": "Ann", "visits": "5"}
    assert r.hmget("user:7", ["name", "none"]) == ["Ann", None]
    assert r.hsetnx("user:7", "name", "Bob") in (0, False)


for protocol in (2, 3):
    client = redis.Redis(port=port, protocol=protocol, decode_responses=True)
    client.flushall()
    leaderboard(client)
    rate_limiter(client)
    job_queue(client)
    reliable_consumers(client)
    geo_search(client)
    unique_counting(client)
    profiles(client)
