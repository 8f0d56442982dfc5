"""The application of celery_work.py, which workers import."""

import os
import time

from celery import Celery

url = f"redis://127.0.0.1:{os.environ['MEROPS_PORT']}"
app = Celery("celery_app", broker=f"{url}/0", backend=f"{url}/1")
app.conf.update(
    broker_connection_retry_on_startup=False,
    broker_transport_options={"priority_steps": [0, 5, 9], "queue_order_strategy": "priority"},
    result_extended=True,
    result_expires=100,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
)


@app.task
def add(x, y):
    return x + y


@app.task
def total(numbers):
    return sum(numbers)


@app.task
def fail(text):
    raise ValueError(text)


@app.task
def failed(request, error, traceback):
    app.backend.client.rpush("failed", f"{request.id} {error}")


@app.task(bind=True, autoretry_for=(RuntimeError,), retry_backoff=False, default_retry_delay=0.05, max_retries=3)
def third_time(self, times=3):
    if self.request.retries < times - 1:
        raise RuntimeError(f"try {self.request.retries}")
    return self.request.retries


@app.task(bind=True)
def stages(self):
    for number in range(3):
        self.update_state(state="STAGE", meta={"number": number})
    # Whoever asks for a result that is there hears of no stages.
    while not app.backend.client.exists("stages heard"):
        time.sleep(0.01)
    return "over"


@app.task
def note(key, value):
    return app.backend.client.rpush(key, value)


@app.task(ignore_result=True)
def silent(key):
    app.backend.client.incr(key)
