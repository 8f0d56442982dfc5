"""The jobs of rq_work.py, which workers import."""

import time

from rq import get_current_job


def add(*numbers):
    return sum(numbers)


def fail(text):
    raise ValueError(text)


def sum_of_dependencies():
    return sum(job.return_value() for job in get_current_job().fetch_dependencies())


def only_the_third_time():
    job = get_current_job()
    job.meta["tries"] = job.meta.get("tries", 0) + 1
    job.save_meta()
    if job.meta["tries"] < 3:
        raise RuntimeError(f"try {job.meta['tries']}")
    return job.meta["tries"]


def note(key, value):
    get_current_job().connection.rpush(key, value)


def alone(key):
    """Fails if it is not the only one."""
    connection = get_current_job().connection
    assert connection.incr(key) == 1
    time.sleep(0.005)
    connection.decr(key)


def forever():
    time.sleep(60)


def succeeded(job, connection, result):
    connection.set("noted", result)
