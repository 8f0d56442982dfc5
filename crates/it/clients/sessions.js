// connect-redis: sessions of express-session in the server, through node-redis.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { createClient } = require('redis');
const session = require('express-session');
const { RedisStore } = require('connect-redis');
const { port, run, sleep, until } = require('./steps.js');

const url = `redis://127.0.0.1:${port}`;

/// An application in which one logs in, counts visits, and logs out.
function application(store) {
  const middleware = session({ store, secret: 'secret', resave: false, saveUninitialized: false });
  const answer = {
    '/login': (request) => {
      request.session.user = 'ann';
      request.session.visits = 0;
      return 'welcome';
    },
    '/visit': (request) => (request.session.user ? `${request.session.user} ${++request.session.visits}` : 'who?'),
  };
  return http.createServer((request, response) => {
    middleware(request, response, (error) => {
      if (error) return response.writeHead(500).end(String(error));
      if (request.url !== '/logout') return response.end(answer[request.url](request));
      return request.session.destroy((failed) => response.end(failed ? String(failed) : 'bye'));
    });
  });
}

async function start(client, options) {
  const store = new RedisStore({ client, ...options });
  const server = application(store);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = () => {
    let cookie = '';
    return async (path) => {
      const headers = { cookie, connection: 'close' };
      const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers });
      cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
      return response.text();
    };
  };
  return { store, server, browser };
}

let client;

async function visits() {
  // Two processes of one application share what they know.
  const [first, second] = [await start(client), await start(client)];
  const browser = first.browser();
  assert.equal(await browser('/visit'), 'who?');
  assert.equal(await browser('/login'), 'welcome');
  assert.deepEqual([await browser('/visit'), await browser('/visit')], ['ann 1', 'ann 2']);
  assert.equal(await second.browser()('/visit'), 'who?');
  const [key] = await client.keys('sess:*');
  const id = key.slice('sess:'.length);
  const seen = await second.store.get(id);
  assert.deepEqual([seen.user, seen.visits], ['ann', 2]);
  assert.ok((await client.ttl(key)) > 86_000);
  assert.equal(await browser('/logout'), 'bye');
  assert.equal(await browser('/visit'), 'who?');
  assert.equal(await client.exists(key), 0);
  first.server.close();
  second.server.close();
}

async function manySessions() {
  const { store, server, browser } = await start(client, { prefix: 'app:', ttl: 100 });
  const browsers = Array.from({ length: 40 }, () => browser());
  await Promise.all(browsers.map((ask) => ask('/login')));
  const answers = await Promise.all(browsers.map((ask) => ask('/visit')));
  assert.deepEqual(new Set(answers), new Set(['ann 1']));
  assert.equal(await store.length(), 40);
  assert.equal((await store.ids()).length, 40);
  assert.equal((await store.all()).filter(({ user }) => user === 'ann').length, 40);
  assert.ok((await client.ttl(`app:${(await store.ids())[0]}`)) <= 100);
  await store.clear();
  assert.equal(await store.length(), 0);
  assert.equal(await browsers[0]('/visit'), 'who?');
  server.close();
}

async function sessionsEnd() {
  const store = new RedisStore({ client, ttl: () => 1 });
  await store.set('short', { cookie: {}, user: 'bob' });
  assert.equal((await store.get('short')).user, 'bob');
  await sleep(600);
  await store.touch('short', { cookie: {} });
  await sleep(600);
  assert.equal((await store.get('short')).user, 'bob', 'touched');
  await until(async () => !(await store.get('short')), 'the end of a session');
}

/// What else node-redis does, in both protocols.
async function nodeRedis() {
  for (const RESP of [2, 3]) {
    const redis = await createClient({ url, RESP }).on('error', assert.fail).connect();
    const other = await redis.duplicate().connect();
    await redis.flushAll();
    const heard = [];
    const subscriber = await redis.duplicate().connect();
    await subscriber.subscribe('news', (message) => heard.push(message));
    await subscriber.pSubscribe('new?', (message, channel) => heard.push(`${channel}: ${message}`));
    assert.equal(await redis.publish('news', 'hello'), 2);
    await until(() => heard.length === 2, 'both messages');
    assert.deepEqual(heard.sort(), ['hello', 'news: hello']);
    const replies = await redis.multi().set('a', '1').incr('a').hSet('h', { x: 1, y: 2 }).hGetAll('h').exec();
    assert.deepEqual([replies[0], replies[1], replies[2], { ...replies[3] }], ['OK', 2, 2, { x: '1', y: '2' }]);
    await redis.watch('a');
    await other.set('a', '9');
    await assert.rejects(redis.multi().incr('a').exec(), /watched keys has been changed|WatchError/i);
    assert.equal(await redis.eval('return {KEYS[1], ARGV[1]}', { keys: ['k'], arguments: ['v'] }).then(String), 'k,v');
    const waiting = other.blPop('list', 5);
    await redis.rPush('list', 'x');
    assert.equal((await waiting).element, 'x');
    const found = [];
    await redis.mSet(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, `${i}`])));
    for await (const keys of redis.scanIterator({ MATCH: 'k*' })) found.push(...[keys].flat());
    assert.equal(new Set(found).size, 200);
    await Promise.all([redis, other, subscriber].map((one) => one.close()));
  }
}

(async () => {
  client = await createClient({ url }).on('error', assert.fail).connect();
  await run([visits, manySessions, sessionsEnd, nodeRedis], () => client.flushAll());
})();
