// What the types are made for, through ioredis: the examples of their documentation.
'use strict';

const assert = require('node:assert/strict');
const Redis = require('ioredis');

const port = Number(process.argv[2]);
const connect = () => new Redis({ port });

async function leaderboard(redis) {
  await redis.zadd('board', 3100, 'ann', 2900, 'bob', 3500, 'cid', 1200, 'dee');
  assert.equal(await redis.zincrby('board', 700, 'bob'), '3600');
  assert.deepEqual(await redis.zrevrange('board', 0, 1, 'WITHSCORES'), ['bob', '3600', 'cid', '3500']);
  assert.equal(await redis.zrevrank('board', 'dee'), 3);
  assert.deepEqual(await redis.zrange('board', '(3000', '+inf', 'BYSCORE', 'LIMIT', 0, 2), ['ann', 'cid']);
}

async function rateLimiter(redis) {
  const allowed = async (user, now) => {
    const replies = await redis
      .multi()
      .zremrangebyscore(`rate:${user}`, 0, now - 1000)
      .zadd(`rate:${user}`, now, String(now))
      .zcard(`rate:${user}`)
      .pexpire(`rate:${user}`, 1000)
      .exec();
    replies.forEach(([error]) => assert.equal(error, null));
    return replies[2][1] <= 2;
  };
  assert.deepEqual([await allowed('u', 1000), await allowed('u', 1100), await allowed('u', 1200)], [true, true, false]);
  assert.equal(await allowed('u', 2150), true);
}

async function jobQueue(redis) {
  const done = [];
  const workers = Array.from({ length: 3 }, async () => {
    const own = connect();
    for (;;) {
      const job = await own.blmove('jobs', 'jobs:running', 'RIGHT', 'LEFT', 5);
      assert.notEqual(job, null);
      if (job === 'stop') break;
      done.push(job);
      await own.lrem('jobs:running', 1, job);
    }
    await own.quit();
  });
  for (let i = 0; i < 60; i++) await redis.lpush('jobs', `job:${i}`);
  await redis.lpush('jobs', 'stop', 'stop', 'stop');
  await Promise.all(workers);
  assert.deepEqual(done.sort(), Array.from({ length: 60 }, (_, i) => `job:${i}`).sort());
  assert.equal(await redis.lmove('jobs:running', 'jobs', 'LEFT', 'RIGHT'), 'stop');
  assert.deepEqual(await redis.brpop('urgent', 'jobs', 1), ['jobs', 'stop']);
  assert.equal(await redis.brpop('jobs', 0.05), null);
}

async function reliableConsumers(redis) {
  await redis.xgroup('CREATE', 'orders', 'billing', '0', 'MKSTREAM');
  const ids = [];
  for (let i = 0; i < 6; i++) ids.push(await redis.xadd('orders', '*', 'order', i));
  const read = (consumer, from, ...options) =>
    redis.xreadgroup('GROUP', 'billing', consumer, ...options, 'STREAMS', 'orders', from);
  const names = (reply) => reply[0][1].map(([id]) => id);
  assert.deepEqual(names(await read('first', '>', 'COUNT', 4)), ids.slice(0, 4));
  assert.equal(await redis.xack('orders', 'billing', ids[0]), 1);
  assert.deepEqual(names(await read('second', '>', 'COUNT', 9, 'BLOCK', 20)), ids.slice(4));
  assert.equal(await read('second', '>', 'BLOCK', 20), null);
  const [cursor, claimed] = await redis.xautoclaim('orders', 'billing', 'second', 0, '0', 'COUNT', 9);
  assert.equal(cursor, '0-0');
  assert.deepEqual(claimed.map(([id]) => id), ids.slice(1));
  assert.deepEqual(names(await read('second', '0')), ids.slice(1));
  assert.equal(await redis.xack('orders', 'billing', ...ids), 5);
  assert.deepEqual(await redis.xpending('orders', 'billing'), [0, null, null, null]);
  const waiting = connect();
  const next = waiting.xread('BLOCK', 5000, 'STREAMS', 'news', '$');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await redis.xadd('news', '*', 'text', 'hello');
  assert.deepEqual((await next)[0][1][0][1], ['text', 'hello']);
  await waiting.quit();
}

async function geoSearch(redis) {
  await redis.geoadd('stations', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania');
  assert.equal(await redis.geodist('stations', 'Palermo', 'Catania', 'km'), '166.2742');
  const near = ['FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km', 'ASC'];
  assert.deepEqual(await redis.geosearch('stations', ...near), ['Catania', 'Palermo']);
  assert.equal(await redis.geosearchstore('near', 'stations', ...near, 'COUNT', 1), 1);
}

async function uniqueCounting(redis) {
  const users = (from) => Array.from({ length: 1000 }, (_, i) => `user:${from + i}`);
  await redis.pfadd('visits:0', ...users(0));
  await redis.pfadd('visits:1', ...users(500));
  const count = await redis.pfcount('visits:0', 'visits:1');
  assert.ok(Math.abs(count - 1500) < 45, String(count));
  await redis.pfmerge('visits', 'visits:0', 'visits:1');
  assert.equal(await redis.pfcount('visits'), count);
  await redis.sadd('unique', 'a', 'b', 'a');
  assert.equal(await redis.scard('unique'), 2);
}

(async () => {
  const redis = connect();
  await redis.flushall();
  await leaderboard(redis);
  await rateLimiter(redis);
  await jobQueue(redis);
  await reliableConsumers(redis);
  await geoSearch(redis);
  await uniqueCounting(redis);
  await redis.quit();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
