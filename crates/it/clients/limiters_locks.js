// rate-limiter-flexible and redlock, through ioredis and node-redis.
'use strict';

const assert = require('node:assert/strict');
const Redis = require('ioredis');
const { createClient } = require('redis');
const { BurstyRateLimiter, RateLimiterQueue, RateLimiterRedis, RLWrapperBlackAndWhite } = require('rate-limiter-flexible');
const Redlock = require('redlock');
const { port, run, sleep } = require('./steps.js');

const redis = new Redis(port);
const numbers = (count) => Array.from({ length: count }, (_, i) => i);

/// How many of these came through; the others were refused with how long to wait.
async function passed(attempts) {
  const ends = await Promise.allSettled(attempts);
  const refused = ends.filter(({ status }) => status === 'rejected');
  refused.forEach(({ reason }) => assert.ok(reason.msBeforeNext > 0, String(reason)));
  return ends.length - refused.length;
}

async function limitsPerUser() {
  const limiter = new RateLimiterRedis({ storeClient: redis, keyPrefix: 'api', points: 5, duration: 2 });
  const users = numbers(20).map((n) => `user-${n}`);
  const counts = await Promise.all(users.map((user) => passed(numbers(9).map(() => limiter.consume(user)))));
  assert.deepEqual(counts, users.map(() => 5));
  const state = await limiter.get('user-3');
  assert.deepEqual([state.consumedPoints, state.remainingPoints], [9, 0]);
  assert.ok(state.msBeforeNext > 1000 && state.msBeforeNext <= 2000);
  assert.equal((await limiter.reward('user-3', 6)).consumedPoints, 3);
  assert.equal((await limiter.consume('user-3', 2)).remainingPoints, 0);
  assert.equal((await limiter.penalty('user-4', 3)).consumedPoints, 12);
  assert.equal(await limiter.delete('user-4'), true);
  assert.equal(await limiter.get('user-4'), null);
  await limiter.set('user-5', 3, 1);
  assert.equal(await passed(numbers(4).map(() => limiter.consume('user-5'))), 2);
  assert.equal(await redis.get('api:user-6'), '9');
}

async function blocksAndWindows() {
  const strict = new RateLimiterRedis({
    storeClient: redis, keyPrefix: 'login', points: 2, duration: 1, blockDuration: 3, inMemoryBlockOnConsumed: 4,
  });
  assert.equal(await passed(numbers(3).map(() => strict.consume('mallory'))), 2);
  const left = await redis.pttl('login:mallory');
  assert.ok(left > 1500 && left <= 3000, String(left));
  await strict.block('eve', 60);
  await assert.rejects(strict.consume('eve'), (refusal) => refusal.msBeforeNext > 50_000);
  // A window that ends.
  const short = new RateLimiterRedis({ storeClient: redis, keyPrefix: 'short', points: 3, duration: 1 });
  assert.equal(await passed(numbers(4).map(() => short.consume('bob'))), 3);
  await sleep(1010);
  assert.equal(await passed([short.consume('bob')]), 1);
  const bursty = new BurstyRateLimiter(
    new RateLimiterRedis({ storeClient: redis, keyPrefix: 'steady', points: 2, duration: 5 }),
    new RateLimiterRedis({ storeClient: redis, keyPrefix: 'burst', points: 3, duration: 5 }),
  );
  const list = new RLWrapperBlackAndWhite({ limiter: bursty, whiteList: ['friend'], blackList: ['foe'] });
  let through = 0;
  for (const _ of numbers(8)) through += await passed([bursty.consume('ann')]);
  assert.equal(through, 5);
  assert.equal((await list.consume('friend')).remainingPoints, Number.MAX_SAFE_INTEGER);
  await assert.rejects(list.consume('foe'));
}

async function limitsThroughNodeRedis() {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  const limiter = new RateLimiterRedis({
    storeClient: client, useRedisPackage: true, keyPrefix: 'node', points: 10, duration: 1, execEvenly: false,
  });
  assert.equal(await passed(numbers(30).map(() => limiter.consume('ann'))), 10);
  const queue = new RateLimiterQueue(
    new RateLimiterRedis({ storeClient: client, useRedisPackage: true, keyPrefix: 'queue', points: 2, duration: 1 }),
  );
  const begin = Date.now();
  await Promise.all(numbers(3).map(() => queue.removeTokens(1)));
  const took = Date.now() - begin;
  assert.ok(took >= 900, `the third waits: ${took}`);
  await client.close();
}

async function locks() {
  // Databases stand for independent servers.
  const servers = [0, 1, 2].map((db) => new Redis({ port, db }));
  for (const among of [[servers[0]], servers]) {
    const redlock = new Redlock(among, { retryCount: 200, retryDelay: 5, retryJitter: 5 });
    let inside = 0;
    let total = 0;
    const work = async () => {
      const lock = await redlock.lock('locks:account', 5000);
      assert.equal(++inside, 1, 'alone');
      const seen = total;
      await sleep(1);
      total = seen + 1;
      inside--;
      await lock.unlock();
    };
    await Promise.all(numbers(12).map(work));
    assert.equal(total, 12);
    for (const server of among) assert.equal(await server.exists('locks:account'), 0);

    const impatient = new Redlock(among, { retryCount: 1, retryDelay: 5 });
    const held = await redlock.lock('locks:a', 2000);
    await assert.rejects(impatient.lock('locks:a', 100), { name: 'LockError' });
    const longer = await held.extend(5000);
    assert.ok((await among[0].pttl('locks:a')) > 1000);
    await longer.unlock();
    await assert.rejects(longer.unlock(), { name: 'LockError' }, 'it is not there any more');
    // Several resources at once: all or none.
    const many = numbers(8).map((n) => `locks:${n}`);
    const all = await redlock.lock(many, 5000);
    await assert.rejects(impatient.lock(['locks:free', 'locks:5'], 100), { name: 'LockError' });
    assert.equal(await among[0].exists('locks:free'), 0);
    await all.unlock();
    assert.equal(await among[0].exists(...many), 0);
    // One that nobody gives back ends by itself.
    await redlock.lock('locks:forgotten', 200);
    await (await redlock.lock('locks:forgotten', 2000)).unlock();
  }
}

run([limitsPerUser, blocksAndWindows, limitsThroughNodeRedis, locks], () => redis.flushall());
