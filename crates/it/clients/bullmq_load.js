// BullMQ under load, to be run by hand: `node bullmq_load.js PORT [JOBS]`. Four processes work on
// several queues; no job may be lost, done twice or given up.
'use strict';

const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const Redis = require('ioredis');
const { FlowProducer, Queue, QueueEvents, Worker } = require('bullmq');

const [port, total, role] = [Number(process.argv[2]), Number(process.argv[3] ?? 5000), process.argv[4]];
const connection = { host: '127.0.0.1', port };
const names = ['mails', 'images', 'reports'];
const redis = new Redis(port);

async function work() {
  const say = (error) => redis.rpush('errors', String(error));
  const workers = names.map((name) => {
    const processor = async (job) => {
      await redis.hincrby(`done:${name}`, job.id, 1);
      if (job.data.fails > job.attemptsMade) throw new Error('again');
      return Object.keys(await job.getChildrenValues()).length;
    };
    const worker = new Worker(name, processor, { connection, concurrency: 5 });
    return worker.on('error', say).on('stalled', (id) => say(`${name} ${id} stalled`));
  });
  process.on('message', async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    process.exit(0);
  });
}

async function main() {
  await redis.flushall();
  const queues = names.map((name) => new Queue(name, { connection }));
  const flows = new FlowProducer({ connection });
  const listeners = names.map((name) => new QueueEvents(name, { connection }));
  const completed = new Map();
  for (const [at, listener] of listeners.entries()) {
    await listener.waitUntilReady();
    listener.on('completed', ({ jobId }) => {
      const key = `${names[at]} ${jobId}`;
      completed.set(key, (completed.get(key) ?? 0) + 1);
    });
  }
  const children = Array.from({ length: 4 }, () => fork(__filename, [port, total, 'work']));
  const begin = Date.now();
  let [added, tries] = [0, 0];
  const options = (n) => ({
    ...(n % 7 === 0 && { delay: n % 500 }), ...(n % 5 === 0 && { priority: (n % 10) + 1 }),
    ...(n % 11 === 0 && { attempts: 3, backoff: 20 }),
  });
  const job = (n) => {
    const fails = n % 11 === 0 ? n % 3 : 0;
    tries += 1 + fails;
    added++;
    return { name: 'j', data: { n, fails }, opts: options(n) };
  };
  for (let n = 0; added < total; n++) {
    const queue = queues[n % 3];
    if (n % 4 === 0) await queue.addBulk(Array.from({ length: 20 }, (_, i) => job(n * 20 + i)));
    else if (n % 4 === 1) {
      const child = (queueName) => ({ ...job(added * 2 + 1), queueName });
      const kids = [child('mails'), child('images'), child('mails')];
      await flows.add({ name: 'parent', queueName: 'reports', data: { fails: 0 }, children: kids });
      [added, tries] = [added + 1, tries + 1];
    } else {
      const one = job(n);
      await queue.add(one.name, one.data, one.opts);
    }
  }
  const counts = async () => Promise.all(queues.map((queue) => queue.getJobCounts()));
  const sum = (list, state) => list.reduce((all, one) => all + (one[state] ?? 0), 0);
  const end = Date.now() + 120_000;
  let now = await counts();
  while (sum(now, 'completed') + sum(now, 'failed') < added && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    now = await counts();
  }
  const took = Date.now() - begin;
  await new Promise((resolve) => setTimeout(resolve, 300));
  children.forEach((child) => child.send('stop'));
  await Promise.all(children.map((child) => new Promise((resolve) => child.on('exit', resolve))));
  now = await counts();
  const done = (await Promise.all(names.map((name) => redis.hvals(`done:${name}`)))).flat().map(Number);
  const errors = await redis.lrange('errors', 0, -1);
  console.log(`${added} jobs in ${took} ms`, JSON.stringify(now), errors.slice(0, 5));
  assert.deepEqual(errors, []);
  assert.equal(sum(now, 'completed'), added);
  assert.equal(done.length, added, 'lost');
  assert.equal(done.reduce((a, b) => a + b, 0), tries, 'doubled');
  assert.equal(completed.size, added, 'events');
  assert.ok([...completed.values()].every((count) => count === 1), 'doubled events');
  for (const queue of queues) await queue.obliterate();
  process.exit(0);
}

(role === 'work' ? work() : main()).catch((error) => {
  console.error(error);
  process.exit(1);
});
