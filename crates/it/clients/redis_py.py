"""Real work through redis-py: pools, pipelines, both protocols, iterators, errors."""

import sys
import threading
import time

import redis

port = int(sys.argv[1])


def work(protocol, decode):
    r = redis.Redis(port=port, protocol=protocol, decode_responses=decode, client_name="worker")
    text = (lambda b: b) if decode else (lambda b: b.decode())
    r.flushall()
    assert r.ping() is True
    assert r.set("user:1", "Ann") is True
    assert text(r.get("user:1")) == "Ann"
    assert r.set("user:1", "Bob", nx=True) is None
    assert text(r.set("user:1", "Bob", get=True)) == "Ann"
    assert r.set("session", "x", ex=100) is True and 98 <= r.ttl("session") <= 100
    assert r.expire("session", 50, gt=True) in (0, False)
    assert r.incrby("hits", 5) == 5 and r.incrbyfloat("ratio", 1.5) == 1.5
    assert r.mset({f"m{i}": i for i in range(100)}) is True
    assert [int(v) for v in r.mget([f"m{i}" for i in range(100)])] == list(range(100))
    assert r.msetnx({"m0": 1, "fresh": 1}) in (0, False) and not r.exists("fresh")
    assert r.exists("m0", "m1", "none") == 2
    assert r.delete("m0", "m1", "none") == 2 and r.unlink("m2") == 1
    assert r.rename("m3", "n3") is True and text(r.get("n3")) == "3"
    assert r.copy("n3", "n4") in (1, True) and r.type("n4") in ("string", b"string")
    assert r.append("log", "ab") == 2 and r.strlen("log") == 2
    assert text(r.getrange("log", 0, 0)) == "a" and r.setrange("log", 1, "z") == 2
    assert text(r.getdel("log")) == "az" and r.getex("log") is None
    assert text(r.lcs("user:1", "user:1")) == "Bob"
    assert len(set(r.scan_iter(match="m*", count=7))) == 96
    assert len(r.keys("m*")) == 96 and r.dbsize() == 102, r.dbsize()
    assert r.randomkey() is not None
    assert text(r.object("encoding", "hits")) == "int"

    pipe = r.pipeline(transaction=False)
    for i in range(1000):
        pipe.set(f"p{i}", i)
        pipe.get(f"p{i}")
    replies = pipe.execute()
    assert replies[0::2] == [True] * 1000 and [int(v) for v in replies[1::2]] == list(range(1000))
    failing = r.pipeline(transaction=False).set("s", "text").incr("s").get("s")
    replies = failing.execute(raise_on_error=False)
    assert isinstance(replies[1], redis.ResponseError) and text(replies[2]) == "text"
    try:
        r.execute_command("NOSUCH", "a")
        raise AssertionError("no error")
    except redis.ResponseError as error:
        assert "unknown command" in str(error), error

    binary = redis.Redis(port=port, protocol=protocol)
    blob = bytes(range(256)) * 4000
    assert binary.set(blob[:300], blob) is True and binary.get(blob[:300]) == blob

    assert r.client_getname() in ("worker", b"worker") and r.client_id() > 0
    assert any(c["name"] == "worker" for c in r.client_list())
    assert r.config_set("maxclients", 5000) and r.config_get("maxclients") == {"maxclients": "5000"}
    assert "used_memory" in r.info("memory") and r.info("keyspace")["db0"]["keys"] > 1000
    assert isinstance(r.time(), tuple) and r.memory_usage("user:1") > 0
    assert r.command_count() > 50 and r.slowlog_len() >= 0 and r.echo("x") in ("x", b"x")
    other = redis.Redis(port=port, db=3, protocol=protocol)
    other.set("k", "v")
    assert other.dbsize() == 1 and other.move("k", 4) and other.dbsize() == 0
    assert r.swapdb(4, 3) and other.get("k") == b"v"


def locks(r):
    lock = r.lock("locks:a", timeout=5)
    assert lock.acquire() and lock.locked() and lock.owned() and not r.lock("locks:a").owned()
    assert not r.lock("locks:a", blocking_timeout=0.05, sleep=0.01).acquire()
    assert lock.extend(10) and 14_000 < r.pttl("locks:a") <= 15_000
    assert lock.extend(3, replace_ttl=True) and r.pttl("locks:a") <= 3000
    assert lock.reacquire() and 4000 < r.pttl("locks:a") <= 5000
    lock.release()
    assert not r.exists("locks:a")
    for use in (lock.release, lambda: lock.extend(1)):
        try:
            use()
            raise AssertionError("no error")
        except redis.exceptions.LockError:
            pass
    short = r.lock("locks:b", timeout=0.03)
    assert short.acquire()
    time.sleep(0.05)
    with r.lock("locks:b", timeout=5):
        for use in (lambda: short.extend(1), short.reacquire, short.release):
            try:
                use()
                raise AssertionError("no error")
            except redis.exceptions.LockNotOwnedError:
                pass
    # Alone while one has it.
    inside, total = [], [0]

    def work():
        for _ in range(15):
            with r.lock("locks:c", timeout=10, sleep=0.001):
                inside.append(1)
                seen = total[0]
                assert len(inside) == 1
                total[0] = seen + 1
                inside.pop()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert total == [90] and not r.exists("locks:c")


def transactions(r):
    keys = [f"account:{i}" for i in range(8)]
    r.mset({key: 100 for key in keys})
    with r.pipeline() as pipe:
        pipe.watch("account:0")
        r.incrby("account:0", 0)
        pipe.multi()
        pipe.incr("account:0")
        try:
            pipe.execute()
            raise AssertionError("no error")
        except redis.WatchError:
            pass
        pipe.incr("account:0").set("s", "text").incr("s").decr("account:0")
        replies = pipe.execute(raise_on_error=False)
        assert replies[0] == 101 and isinstance(replies[2], redis.ResponseError) and replies[3] == 100
        try:
            pipe.incr("account:0").execute_command("INCR").execute()
            raise AssertionError("no error")
        except redis.ResponseError as error:
            assert "wrong number of arguments" in str(error) or "EXECABORT" in str(error), error
        pipe.reset()
    assert r.get("account:0") in ("100", b"100")

    def transfer(number):
        source, target = keys[number % 8], keys[(number * 5 + 1) % 8]

        def move(pipe):
            left = int(pipe.get(source)) - 1
            pipe.multi()
            pipe.set(source, left)
            pipe.incr(target)

        for _ in range(20):
            r.transaction(move, source)

    workers = [threading.Thread(target=transfer, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        assert sum(map(int, r.mget(keys))) == 800
    assert sum(map(int, r.mget(keys))) == 800


def threads():
    pool = redis.ConnectionPool(port=port, max_connections=20)
    r = redis.Redis(connection_pool=pool)
    r.flushall()

    def count():
        for i in range(200):
            r.incr("total")
            r.mset({f"{{{i}}}a": i, f"{i}b": i})

    workers = [threading.Thread(target=count) for _ in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert r.get("total") == b"3200" and r.dbsize() == 401


def monitor():
    r = redis.Redis(port=port)
    with r.monitor() as seen:
        r.set("watched", "v")
        assert any("watched" in next(seen.listen())["command"] for _ in range(4))


def expiry():
    r = redis.Redis(port=port)
    for i in range(500):
        r.set(f"e{i}", "v", px=30)
    deadline = time.time() + 10
    # Nobody touches the keys: the server finds them.
    while r.info("keyspace").get("db0", {}).get("expires", 0) > 0:
        assert time.time() < deadline, r.info("keyspace")
        time.sleep(0.05)


for protocol in (2, 3):
    for decode in (False, True):
        work(protocol, decode)
for protocol in (2, 3):
    client = redis.Redis(port=port, protocol=protocol)
    locks(client)
    transactions(client)
threads()
monitor()
expiry()
