"""Patterns of caches, locks, limits and sessions, through redis-py; queues, leaderboards and
consumer groups are among the examples."""

import json
import secrets
import sys
import threading
import time

import redis

port = int(sys.argv[1])

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
"""

SLIDING_WINDOW = """
local now = redis.call('TIME')
local now_us = now[1] * 1000000 + now[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_us - ARGV[1] * 1000)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return {0, math.ceil((oldest[2] + ARGV[1] * 1000 - now_us) / 1000)}
end
redis.call('ZADD', KEYS[1], now_us, now_us .. '-' .. redis.call('INCR', KEYS[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return {1, 0}
"""

TOKEN_BUCKET = """
local capacity, per_second, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1]) or capacity, tonumber(bucket[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) * per_second)
local allowed = tokens >= wanted
if allowed then tokens = tokens - wanted end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], math.ceil(capacity / per_second) + 1)
return {allowed and 1 or 0, tostring(tokens)}
"""


def together(count, work):
    """Runs `work` in so many threads at once; what they return."""
    results, barrier = [], threading.Barrier(count)

    def run(number):
        barrier.wait()
        results.append(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count, "a thread has failed"
    return results


def cache_aside(r):
    database = {f"product:{n}": {"id": n, "stock": n * 10} for n in range(50)}
    loads = []

    def read(key):
        cached = r.get(f"cache:{key}")
        if cached is not None:
            return json.loads(cached) if cached != "none" else None
        # One loads; the others wait for what it finds.
        if not r.set(f"cache:{key}:loading", 1, nx=True, px=2000):
            time.sleep(0.002)
            return read(key)
        if r.get(f"cache:{key}") is not None:
            r.delete(f"cache:{key}:loading")
            return read(key)
        loads.append(key)
        row = database.get(key)
        with r.pipeline() as pipe:
            pipe.set(f"cache:{key}", json.dumps(row) if row else "none", ex=60 if row else 5)
            pipe.delete(f"cache:{key}:loading")
            pipe.execute()
        return row

    def write(key, row):
        database[key] = row
        r.delete(f"cache:{key}")

    rows = together(8, lambda _: [read(f"product:{n}") for n in range(50)])
    assert all(row == [database[f"product:{n}"] for n in range(50)] for row in rows)
    assert sorted(loads) == sorted(database), "each is loaded once"
    assert 55 <= r.ttl("cache:product:7") <= 60
    write("product:7", {"id": 7, "stock": 1})
    assert read("product:7") == {"id": 7, "stock": 1} and loads.count("product:7") == 2
    assert read("product:99") is None and read("product:99") is None
    assert loads.count("product:99") == 1 and 0 < r.ttl("cache:product:99") <= 5
    assert len(list(r.scan_iter(match="cache:*", count=10))) == 51


def distributed_lock(r):
    release = r.register_script(RELEASE)
    counter = {"inside": 0, "done": 0}

    def critical(number):
        token = secrets.token_hex(8)
        while not r.set("lock:job", token, nx=True, px=5000):
            time.sleep(0.001)
        counter["inside"] += 1
        assert counter["inside"] == 1
        time.sleep(0.002)
        counter["inside"] -= 1
        counter["done"] += 1
        return release(keys=["lock:job"], args=[token])

    assert together(10, critical) == [1] * 10 and counter["done"] == 10
    # One that comes too late takes nobody else's lock.
    r.set("lock:job", "mine", px=20)
    time.sleep(0.03)
    assert r.set("lock:job", "another", nx=True, px=5000)
    assert release(keys=["lock:job"], args=["mine"]) == 0 and r.get("lock:job") == "another"


def sliding_window(r):
    allow = r.register_script(SLIDING_WINDOW)

    def attempt(user):
        return allow(keys=[f"window:{user}", f"window:{user}:number"], args=[400, 10])

    answers = sum(together(6, lambda n: [attempt("ann") for _ in range(5)]), [])
    assert [allowed for allowed, _ in answers].count(1) == 10
    refused = [wait for allowed, wait in answers if not allowed]
    assert all(0 < wait <= 400 for wait in refused), refused
    assert attempt("bob")[0] == 1 and r.zcard("window:ann") == 10
    time.sleep(max(refused) / 1000 + 0.01)
    assert attempt("ann")[0] == 1


def token_bucket(r):
    take = r.register_script(TOKEN_BUCKET)
    begin = time.time()
    answers = sum(together(6, lambda n: [take(["bucket:ann"], [20, 10, 1])[0] for _ in range(8)]), [])
    most = 20 + (time.time() - begin) * 10 + 1
    assert 20 <= sum(answers) <= most, (sum(answers), most)
    allowed, tokens = take(["bucket:bob"], [20, 10, 15])
    assert allowed == 1 and float(tokens) == 5
    assert take(["bucket:bob"], [20, 10, 15])[0] == 0
    time.sleep(0.3)
    allowed, tokens = take(["bucket:bob"], [20, 10, 5])
    assert allowed == 1 and 2.9 <= float(tokens) <= 15
    assert 0 < r.ttl("bucket:bob") <= 3


def session_store(r):
    def login(user):
        token = secrets.token_urlsafe(16)
        with r.pipeline() as pipe:
            pipe.hset(f"session:{token}", mapping={"user": user, "visits": 0})
            pipe.expire(f"session:{token}", 100)
            pipe.sadd(f"sessions:{user}", token)
            pipe.execute()
        return token

    def visit(token):
        with r.pipeline() as pipe:
            pipe.hget(f"session:{token}", "user")
            pipe.execute_command("HINCRBY", f"session:{token}", "visits", 1)
            pipe.expire(f"session:{token}", 100)
            user, visits, _ = pipe.execute()
        if user is None:
            r.delete(f"session:{token}")
            return None
        return user, visits

    def log_out_everywhere(user):
        tokens = r.smembers(f"sessions:{user}")
        return r.unlink(f"sessions:{user}", *(f"session:{token}" for token in tokens)) - 1

    tokens = [login("ann") for _ in range(5)] + [login("bob")]
    assert visit(tokens[0]) == ("ann", 1) and visit(tokens[0]) == ("ann", 2)
    assert 98 <= r.ttl(f"session:{tokens[0]}") <= 100
    assert visit("forged") is None and not r.exists("session:forged")
    assert log_out_everywhere("ann") == 5
    assert visit(tokens[1]) is None and visit(tokens[5]) == ("bob", 1)
    r.pexpire(f"session:{tokens[5]}", 10)
    time.sleep(0.02)
    assert visit(tokens[5]) is None


for protocol in (2, 3):
    client = redis.Redis(port=port, protocol=protocol, decode_responses=True)
    client.flushall()
    client.script_flush()
    for pattern in (cache_aside, distributed_lock, sliding_window, token_bucket, session_store):
        pattern(client)
