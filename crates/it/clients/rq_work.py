"""RQ: queues, workers, results, failures, retries, schedules, dependencies, limits."""

import sys
from datetime import datetime, timedelta, timezone

import redis
import rq_jobs as jobs
from processes import running, until
from rq import Callback, Queue, RateLimit, Repeat, Retry, Worker
from rq.command import send_stop_job_command
from rq.exceptions import DuplicateJobError
from rq.group import Group
from rq.job import Job, JobStatus

port = int(sys.argv[1])
r = redis.Redis(port=port)
r.flushall()
high, low = Queue("high", connection=r), Queue("low", connection=r)


def done(job):
    return until(lambda: job.get_status() in (JobStatus.FINISHED, JobStatus.FAILED), job) and job


def results():
    made = [queue.enqueue(jobs.add, n, n) for n in range(12) for queue in (high, low)]
    assert [done(job).return_value() for job in made] == [2 * n for n in range(12) for _ in "12"]
    assert made[0].latest_result().return_value == 0
    made[0].refresh()
    assert made[0].ended_at >= made[0].started_at >= made[0].enqueued_at
    until(lambda: len(high.finished_job_registry) == 12, "the registry")
    assert len(high) == 0 and high.started_job_registry.count == 0
    assert Job.fetch(made[5].id, connection=r).return_value() == made[5].return_value()
    assert sum(job is not None for job in Job.fetch_many([job.id for job in made], r)) == 24
    many = Queue.enqueue_many(low, [Queue.prepare_data(jobs.add, (n, 1)) for n in range(10)])
    assert [done(job).return_value() for job in many] == list(range(1, 11))
    short = low.enqueue(jobs.add, 1, result_ttl=0)
    until(lambda: not Job.exists(short.id, r), "a result that nobody wants")


def failures():
    job = done(low.enqueue(jobs.fail, "broken", failure_ttl=100))
    assert job.get_status() == JobStatus.FAILED
    assert "ValueError: broken" in job.latest_result().exc_string
    until(lambda: job.id in low.failed_job_registry, "the registry")
    low.failed_job_registry.requeue(job)
    until(lambda: len(job.results()) == 2, "the second failure")
    until(lambda: job.id in low.failed_job_registry, "the registry again")
    low.failed_job_registry.remove(job, delete_job=True)
    assert not Job.exists(job.id, r)


def retries():
    at_once = low.enqueue(jobs.only_the_third_time, retry=Retry(max=3))
    later = low.enqueue(jobs.only_the_third_time, retry=Retry(max=2, interval=[0, 1]))
    never = low.enqueue(jobs.only_the_third_time, retry=Retry(max=1))
    assert done(at_once).return_value() == 3 and done(later).return_value() == 3
    assert done(never).get_status() == JobStatus.FAILED and never.get_meta()["tries"] == 2


def schedules():
    # RQ knows whole seconds, and cuts them off.
    begin = datetime.now(timezone.utc).replace(microsecond=0)
    soon = low.enqueue_in(timedelta(seconds=4), jobs.add, 1, 2)
    at = low.enqueue_at(begin + timedelta(seconds=4), jobs.add, 3, 4)
    late = low.enqueue_at(begin + timedelta(hours=1), jobs.add, 5, 6)
    again = low.enqueue(jobs.note, "repeated", "x", repeat=Repeat(times=2, interval=0))
    assert soon.get_status() == JobStatus.SCHEDULED and late.id in low.scheduled_job_registry
    assert (done(soon).return_value(), done(at).return_value()) == (3, 7)
    assert datetime.now(timezone.utc) - begin >= timedelta(seconds=4)
    assert low.scheduled_job_registry.get_job_ids() == [late.id] and again
    until(lambda: r.llen("repeated") == 3, "all three times")
    late.cancel()
    assert late.get_status() == JobStatus.CANCELED and late.id in low.canceled_job_registry


def dependencies():
    first = [high.enqueue(jobs.add, n) for n in range(5)]
    total = low.enqueue(jobs.sum_of_dependencies, depends_on=first)
    call = Callback(jobs.succeeded)
    after = low.enqueue(jobs.sum_of_dependencies, depends_on=total, on_success=call)
    assert (done(total).return_value(), done(after).return_value()) == (10, 10)
    until(lambda: r.get("noted") == b"10", "the callback")
    broken = low.enqueue(jobs.fail, "x")
    behind = low.enqueue(jobs.add, 1, depends_on=broken)
    done(broken)
    assert behind.get_status() == JobStatus.DEFERRED and behind.id in low.deferred_job_registry
    group = Group.create(connection=r)
    group.enqueue_many(high, [Queue.prepare_data(jobs.add, (n,)) for n in range(6)])
    until(lambda: all(job.is_finished for job in group.get_jobs()), "the group")


def limits():
    limit = RateLimit(key="one", concurrency=1)
    one_by_one = [low.enqueue(jobs.alone, "inside", rate_limit=limit) for _ in range(8)]
    assert all(done(job).get_status() == JobStatus.FINISHED for job in one_by_one)
    low.enqueue(jobs.add, 1, job_id="unique", unique=True)
    try:
        low.enqueue(jobs.add, 1, job_id="unique", unique=True)
        raise AssertionError("no error")
    except DuplicateJobError:
        pass


def orders():
    forked = Queue("forked", connection=r)
    assert done(forked.enqueue(jobs.add, 1)).return_value() == 1
    endless = forked.enqueue(jobs.forever)
    until(lambda: endless.get_status(refresh=True) == JobStatus.STARTED, "the start")
    busy = [worker for worker in Worker.all(connection=r) if worker.get_state() == "busy"]
    assert len(busy) == 1 and busy[0].get_current_job_id() == endless.id
    send_stop_job_command(r, endless.id)
    until(lambda: endless.get_status() == JobStatus.STOPPED, "its end")
    assert endless.id in forked.failed_job_registry


worker = ["rq.cli", "worker", "-u", f"redis://127.0.0.1:{port}", "--with-scheduler"]
simple = [*worker, "-w", "rq.SimpleWorker", "high", "low"]
with running([simple, simple, [*worker, "forked"]]) as said:
    until(lambda: Worker.count(connection=r) == 3, "the workers")
    for step in (results, failures, retries, schedules, dependencies, limits, orders):
        step()
    errors = [line for text in said() for line in text.splitlines() if "redis.exceptions" in line]
    assert not errors, errors
