// BullMQ: queues, workers, delayed and repeated jobs, retries, rate limits, flows, stalled jobs.
'use strict';

const assert = require('node:assert/strict');
const Redis = require('ioredis');
const { DelayedError, FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } = require('bullmq');
const { port, run, sleep, until } = require('./steps.js');

const connection = { host: '127.0.0.1', port };
const redis = new Redis(port);
const numbers = (count) => Array.from({ length: count }, (_, i) => i);

let open = [];
const keep = (object) => {
  object.on('error', (error) => assert.fail(error));
  open.push(object);
  return object;
};
const queue = (name, options = {}) => keep(new Queue(name, { connection, ...options }));
const worker = (name, work, options = {}) => keep(new Worker(name, work, { connection, ...options }));
const flows = () => keep(new FlowProducer({ connection }));
const events = async (name) => {
  const made = keep(new QueueEvents(name, { connection }));
  await made.waitUntilReady();
  return made;
};
const closing = (step) => {
  const closed = async () => {
    await step();
    await Promise.all(open.map((object) => object.close()));
    open = [];
  };
  Object.defineProperty(closed, 'name', { value: step.name });
  return closed;
};

async function everyJobOnce() {
  const sums = queue('sums');
  const listener = await events('sums');
  const completed = new Set();
  listener.on('completed', ({ jobId }) => completed.add(jobId));
  const seen = [];
  const work = async (job) => {
    seen.push(job.data.n);
    await job.updateProgress(50);
    if (job.data.n === 0) await job.log('zero');
    return { square: job.data.n ** 2 };
  };
  numbers(3).forEach(() => worker('sums', work, { concurrency: 4 }));
  const jobs = await sums.addBulk(numbers(100).map((n) => ({ name: 'square', data: { n } })));
  const single = await sums.add('square', { n: 100 });
  assert.deepEqual(await single.waitUntilFinished(listener), { square: 10_000 });
  await until(() => completed.size === 101, 'all completed events');
  assert.deepEqual(seen.sort((a, b) => a - b), numbers(101));
  assert.deepEqual(await sums.getJobCounts('completed', 'wait', 'active', 'failed'), {
    completed: 101, wait: 0, active: 0, failed: 0,
  });
  const first = await sums.getJob(jobs[0].id);
  assert.deepEqual([first.returnvalue, first.progress, await first.getState()], [{ square: 0 }, 50, 'completed']);
  assert.deepEqual((await sums.getJobLogs(first.id)).logs, ['zero']);
  assert.equal((await sums.getCompleted(0, 9)).length, 10);
  assert.equal((await sums.getWorkers()).length, 3);
  assert.equal((await sums.clean(0, 1000, 'completed')).length, 101);
  await sums.obliterate();
  assert.deepEqual(await redis.keys('bull:sums:*').then((keys) => keys.filter((key) => !/stalled/.test(key))), []);
}

async function orderOfJobs() {
  const order = queue('order');
  await order.pause();
  assert.equal(await order.isPaused(), true);
  for (const priority of [5, 1, 3]) await order.add(`p${priority}`, {}, { priority });
  await order.add('first', {});
  await order.add('second', {});
  await order.add('last-in', {}, { lifo: true });
  const same = await order.add('once', {}, { jobId: 'my-id' });
  assert.equal((await order.add('once', {}, { jobId: 'my-id' })).id, same.id);
  const original = await order.add('dedup', {}, { deduplication: { id: 'd', ttl: 5000 } });
  assert.equal((await order.add('dedup', {}, { deduplication: { id: 'd', ttl: 5000 } })).id, original.id);
  assert.deepEqual(await order.getCountsPerPriority([0, 1, 2, 3, 5]), { 0: 5, 1: 1, 2: 0, 3: 1, 5: 1 });
  const [removed] = await order.getJobs(['prioritized'], 0, 0, true);
  await removed.changePriority({ priority: 4 });
  const seen = [];
  worker('order', async (job) => seen.push(job.name), { removeOnComplete: { count: 3 } });
  await sleep(30);
  assert.deepEqual(seen, []);
  await order.resume();
  await until(async () => seen.length === 8 && (await order.getCompletedCount()) === 3, 'eight jobs, three kept');
  const expected = ['last-in', 'first', 'second', 'once', 'dedup', 'p3', 'p1', 'p5'];
  assert.deepEqual(seen, expected);
}

async function delayedJobs() {
  const later = queue('later');
  const begin = Date.now();
  const seen = {};
  worker('later', async (job) => {
    seen[job.name] = Date.now() - begin;
  });
  await later.add('slow', {}, { delay: 200 });
  await later.add('quick', {}, { delay: 80 });
  await later.add('at once', {});
  const never = await later.add('never', {}, { delay: 60_000 });
  const promoted = await later.add('promoted', {}, { delay: 60_000 });
  await promoted.promote();
  const changed = await later.add('changed', {}, { delay: 60_000 });
  await changed.changeDelay(120);
  const least = { 'at once': 0, promoted: 0, quick: 80, changed: 120, slow: 200 };
  await until(() => Object.keys(seen).length === 5, 'delayed jobs');
  for (const [name, ms] of Object.entries(least)) assert.ok(seen[name] >= ms, `${name}: ${seen[name]}`);
  assert.equal(await never.getState(), 'delayed');
  await never.remove();
  assert.equal(await later.getDelayedCount(), 0);
}

async function repeatedJobs() {
  const often = queue('often');
  const seen = [];
  worker('often', async (job) => seen.push(job.name));
  const begin = Date.now();
  await often.upsertJobScheduler('tick', { every: 60, limit: 4 }, { name: 'tick', data: { a: 1 } });
  await often.upsertJobScheduler('cron', { pattern: '* * * * * *', limit: 1 }, { name: 'cron' });
  await often.upsertJobScheduler('gone', { every: 50 }, { name: 'gone' });
  assert.equal(await often.getJobSchedulersCount(), 3);
  assert.equal((await often.getJobScheduler('tick')).every, 60);
  await until(() => seen.includes('gone'), 'the one to be removed');
  assert.equal(await often.removeJobScheduler('gone'), true);
  await until(() => seen.filter((name) => name === 'tick').length === 4, 'four ticks');
  assert.ok(Date.now() - begin >= 120);
  await until(() => seen.includes('cron'), 'cron');
  const count = () => seen.filter((name) => name === 'gone').length;
  const before = count();
  await sleep(120);
  assert.ok(count() <= before + 1 && seen.filter((name) => name === 'tick').length === 4);
  assert.equal((await often.getJobSchedulers()).some(({ key }) => key === 'gone'), false);
}

async function retries() {
  const shaky = queue('shaky');
  const listener = await events('shaky');
  const tries = {};
  worker('shaky', async (job) => {
    tries[job.name] = (tries[job.name] ?? 0) + 1;
    if (job.name === 'hopeless') throw new UnrecoverableError('no way');
    if (job.name === 'fails' && tries.fails < 4) throw new Error(`try ${tries.fails}`);
    if (tries[job.name] < 3) throw new Error('not yet');
    return tries[job.name];
  });
  const backoff = { type: 'exponential', delay: 20 };
  const good = await shaky.add('good', {}, { attempts: 5, backoff });
  const at = await shaky.add('at once', {}, { attempts: 3 });
  assert.deepEqual([await good.waitUntilFinished(listener), await at.waitUntilFinished(listener)], [3, 3]);
  const hopeless = await shaky.add('hopeless', {}, { attempts: 5 });
  await assert.rejects(hopeless.waitUntilFinished(listener), /no way/);
  const fails = await shaky.add('fails', {}, { attempts: 3, backoff: 10 });
  await assert.rejects(fails.waitUntilFinished(listener), /try 3/);
  const failed = await shaky.getFailed();
  assert.deepEqual(failed.map((job) => [job.name, job.attemptsMade, job.failedReason]).sort(), [
    ['fails', 3, 'try 3'], ['hopeless', 1, 'no way'],
  ]);
  assert.equal(failed.find(({ name }) => name === 'fails').stacktrace.length, 3);
  const again = await shaky.getJob(fails.id);
  await again.retry('failed');
  assert.equal(await again.waitUntilFinished(listener), 4);
  assert.equal(await shaky.getFailedCount(), 1);
}

async function rateLimits() {
  const limited = queue('limited');
  await limited.addBulk(numbers(12).map((n) => ({ name: 'j', data: { n } })));
  const at = [];
  const options = { limiter: { max: 4, duration: 150 }, concurrency: 4 };
  numbers(2).forEach(() => worker('limited', async (job) => at.push(job.processedOn), options));
  await until(() => at.length === 12, 'limited jobs');
  at.sort();
  assert.ok(at[4] - at[0] >= 148 && at[8] - at[4] >= 148, `${at.map((time) => time - at[0])}`);

  const byHand = queue('by-hand');
  let refused = 0;
  const times = [];
  const picky = worker('by-hand', async () => {
    times.push(Date.now());
    if (refused++ === 0) {
      await picky.rateLimit(100);
      throw Worker.RateLimitError();
    }
  }, { limiter: { max: 100, duration: 100 } });
  await byHand.add('j', {});
  await until(() => byHand.getCompletedCount(), 'the limited job');
  assert.ok(times.length === 2 && times[1] - times[0] >= 95, `${times}`);

  const narrow = queue('narrow');
  await narrow.setGlobalConcurrency(1);
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await sleep(5);
    running--;
  };
  numbers(3).forEach(() => worker('narrow', work, { concurrency: 2 }));
  await narrow.addBulk(numbers(8).map(() => ({ name: 'j', data: {} })));
  await until(async () => (await narrow.getCompletedCount()) === 8, 'one after the other');
  assert.equal(most, 1);
}

async function flowsOfJobs() {
  const producer = flows().setMaxListeners(0);
  const dishes = await events('dishes');
  const done = [];
  const work = async (job) => {
    done.push(job.name);
    if (job.name === 'burnt') throw new Error('burnt');
    const values = Object.values(await job.getChildrenValues());
    return values.reduce((sum, value) => sum + value, job.data.cost);
  };
  const names = ['dishes', 'sauces', 'shopping'];
  const list = names.map((name) => queue(name));
  names.forEach((name) => worker(name, work, { concurrency: 3 }));
  const buy = (cost) => ({ name: `buy ${cost}`, queueName: 'shopping', data: { cost } });
  const tree = await producer.add({
    name: 'pasta', queueName: 'dishes', data: { cost: 1 },
    children: [
      { name: 'sauce', queueName: 'sauces', data: { cost: 10 }, children: [buy(100), buy(200), buy(300)] },
      buy(1000),
    ],
  });
  assert.equal(await tree.job.waitUntilFinished(dishes), 1611);
  assert.deepEqual([done[done.length - 1], done.length], ['pasta', 6]);
  assert.ok(done.indexOf('sauce') > Math.max(...[100, 200, 300].map((cost) => done.indexOf(`buy ${cost}`))));
  const seen = await producer.getFlow({ id: tree.job.id, queueName: 'dishes' });
  assert.equal(seen.children.length, 2);
  const { processed } = await tree.job.getDependenciesCount();
  assert.equal(processed, 2);

  const burnt = { name: 'burnt', queueName: 'sauces', data: {} };
  const meal = (opts) => producer.add({
    name: 'meal', queueName: 'dishes', data: { cost: 7 }, children: [{ ...burnt, opts }, buy(1)],
  });
  const failed = await meal({ failParentOnFailure: true });
  await assert.rejects(failed.job.waitUntilFinished(dishes), /failed/);
  const ignored = await meal({ ignoreDependencyOnFailure: true });
  assert.equal(await ignored.job.waitUntilFinished(dishes), 8);
  const many = await producer.addBulk(numbers(20).map((n) => ({
    name: 'sum', queueName: 'dishes', data: { cost: n }, children: numbers(5).map(buy),
  })));
  const sums = await Promise.all(many.map(({ job }) => job.waitUntilFinished(dishes)));
  assert.deepEqual(sums, numbers(20).map((n) => n + 10));
  for (const one of list) assert.equal(await one.getWaitingChildrenCount(), 0);
}

async function stepsAndChildren() {
  const parts = queue('parts');
  const listener = await events('parts');
  worker('parts', async (job, token) => {
    if (job.name === 'part') return job.data.n;
    if (!job.data.asleep) {
      await job.updateData({ asleep: true });
      await job.moveToDelayed(Date.now() + 30, token);
      throw new DelayedError();
    }
    return 'woken';
  });
  const whole = await parts.add('whole', {});
  assert.equal(await whole.waitUntilFinished(listener), 'woken');
  assert.deepEqual((await parts.getJob(whole.id)).data, { asleep: true });
}

async function stalledJobs() {
  const lost = queue('lost');
  const listener = await events('lost');
  const stalled = [];
  listener.on('stalled', ({ jobId }) => stalled.push(jobId));
  // A worker that takes a job and is never heard of again.
  const dead = worker('lost', null, { lockDuration: 50, autorun: false });
  const job = await lost.add('j', {});
  assert.equal((await dead.getNextJob('token')).id, job.id);
  await sleep(60);
  worker('lost', async () => 'rescued', { stalledInterval: 50, lockDuration: 1000 });
  assert.equal(await job.waitUntilFinished(listener), 'rescued');
  await until(() => stalled.length, 'the event');
  assert.deepEqual(stalled, [job.id]);
}

const all = [
  everyJobOnce, orderOfJobs, delayedJobs, repeatedJobs, retries, rateLimits, flowsOfJobs, stepsAndChildren,
  stalledJobs,
];
run(all.map(closing), () => redis.flushall());
