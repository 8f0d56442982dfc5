// What the scripts that drive a program share: they run steps in order, each on an empty server,
// and end with the name of a step that fails, hangs or makes the program warn.
'use strict';

const assert = require('node:assert/strict');

const LIMIT_MS = 60_000;

const port = Number(process.argv[2]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/// Waits until `condition` holds, which must not take long.
async function until(condition, what) {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `waited in vain: ${what}`);
    await sleep(5);
  }
}

async function run(steps, prepare) {
  let current = 'start';
  const fail = (reason) => {
    console.error(`${current}:`, reason);
    process.exit(1);
  };
  const warnings = [];
  console.warn = (...words) => warnings.push(words.join(' '));
  process.on('unhandledRejection', fail);
  const watch = setTimeout(() => fail('takes too long'), LIMIT_MS);
  const times = [];
  for (const step of steps) {
    current = step.name;
    const begin = Date.now();
    try {
      await prepare();
      await step();
      assert.deepEqual(warnings, [], 'warnings');
    } catch (error) {
      fail(error);
    }
    times.push(`${step.name} ${Date.now() - begin} ms`);
  }
  clearTimeout(watch);
  console.log(times.join(', '));
  // Connections that a program left open keep nothing alive.
  process.exit(0);
}

module.exports = { port, run, sleep, until };
