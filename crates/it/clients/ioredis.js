// Real work through ioredis: pipelines, auto-pipelining, streams of keys, many connections.
'use strict';

const assert = require('node:assert/strict');
const Redis = require('ioredis');

const port = Number(process.argv[2]);
const connect = (options = {}) => new Redis({ port, ...options });

async function commands(redis) {
  await redis.flushall();
  assert.equal(await redis.set('user:1', 'Ann', 'EX', 100), 'OK');
  assert.equal(await redis.get('user:1'), 'Ann');
  assert.ok((await redis.ttl('user:1')) > 97);
  assert.equal(await redis.set('user:1', 'x', 'NX'), null);
  assert.equal(await redis.mset(new Map([['a', 1], ['b', 2], ['c', 3]])), 'OK');
  assert.deepEqual(await redis.mget('a', 'b', 'c', 'none'), ['1', '2', '3', null]);
  assert.equal(await redis.incrbyfloat('f', 0.5), '0.5');
  assert.equal(await redis.rename('a', 'z'), 'OK');
  assert.equal(await redis.del('z', 'b', 'none'), 2);
  const blob = Buffer.from(Array.from({ length: 100000 }, (_, i) => i % 256));
  await redis.set(blob.subarray(0, 256), blob);
  assert.deepEqual(await redis.getBuffer(blob.subarray(0, 256)), blob);
  await assert.rejects(redis.call('NOSUCH', 'x'), /unknown command/);
  await assert.rejects(redis.incr('user:1'), /not an integer/);
  assert.match(await redis.info('server'), /redis_version/);
}

async function pipelines(redis) {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 2000; i++) pipeline.set(`k${i}`, i).get(`k${i}`);
  const replies = await pipeline.exec();
  replies.forEach(([error, reply], i) => {
    assert.equal(error, null);
    assert.equal(reply, i % 2 ? String(i >> 1) : 'OK');
  });
  const failing = await redis.pipeline().set('s', 'text').incr('s').get('s').exec();
  assert.match(failing[1][0].message, /not an integer/);
  assert.equal(failing[2][1], 'text');
  const found = new Set();
  for await (const keys of redis.scanStream({ match: 'k*', count: 50 })) keys.forEach((k) => found.add(k));
  assert.equal(found.size, 2000);
}

async function many() {
  const clients = Array.from({ length: 100 }, () => connect({ enableAutoPipelining: true }));
  const work = clients.map(async (client, n) => {
    for (let i = 0; i < 50; i++) {
      const group = Array.from({ length: 8 }, (_, j) => client.incr(`total:${j}`));
      await Promise.all([...group, client.set(`own:${n}`, i), client.mget('total:0', `own:${n}`)]);
    }
    assert.equal(await client.get(`own:${n}`), '49');
  });
  await Promise.all(work);
  const keys = Array.from({ length: 8 }, (_, j) => `total:${j}`);
  assert.deepEqual(await clients[0].mget(...keys), Array(8).fill('5000'));
  await Promise.all(clients.map((client) => client.quit()));
}

(async () => {
  const redis = connect({ connectionName: 'worker' });
  await commands(redis);
  await pipelines(redis);
  await many();
  assert.equal(await redis.client('GETNAME'), 'worker');
  assert.equal(await redis.quit(), 'OK');
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
