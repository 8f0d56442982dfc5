-- Runs once in every new interpreter and builds what scripts see. Vanilla Lua has no tables that
-- are only read, so scripts see empty tables in front of the real ones, and what could look past
-- those is replaced. The name of this chunk marks frames that error messages do not mention.

local native = ...

local type, tostring, tonumber, error, select = type, tostring, tonumber, error, select
local xpcall, rawpcall = xpcall, pcall
local concat = table.concat

local READONLY = 'Attempt to modify a readonly table'

-- From the tables that scripts see to the real ones, and to what they see as metatables.
local hidden, metatables = {}, {}

local function deny() error(READONLY, 2) end

local rawsetmetatable, rawgetmetatable = setmetatable, getmetatable

local function protect(real)
  local seen = {}
  hidden[seen] = real
  local meta = {__index = real, __newindex = deny, __metatable = false}
  return rawsetmetatable(seen, meta), meta
end

-- The function that runs, for errors that are no nearer to be placed.
local running

local function missing(_, name)
  if type(name) ~= 'string' and type(name) ~= 'number' then
    error('Second argument to luaProtectedTableError must be a string or number', 2)
  end
  error("Script attempted to access nonexistent global variable '" .. name .. "'", 2)
end

local strict = {__index = missing}

-- Errors -----------------------------------------------------------------------------------------

local find, sub = string.find, string.sub

local function without_our_place(text)
  local _, stop = find(text, '^merops:%d+: ')
  if stop then return sub(text, stop + 1), true end
  return text, false
end

-- What a script sees of an error; raises it again if it is to end the script.
local function visible(e)
  if type(e) == 'userdata' then return native.translate(e) end
  if type(e) == 'string' then return (without_our_place(e)) end
  return e
end

-- The handler of errors that nobody caught.
local function blame(e)
  local source, line, place = native.locate(running)
  if type(e) == 'userdata' then e = native.describe(e) end
  if type(e) == 'table' then
    if hidden[e] then e = {} end
  else
    local text, ours = without_our_place(tostring(e))
    if ours then text = place .. text end
    e = {err = 'ERR ' .. text}
  end
  rawset(e, 'source', source)
  rawset(e, 'line', line)
  return e
end

-- An error at the script's line, which error() misses behind a tail call.
local function fail(text)
  local _, _, place = native.locate(running)
  error(place .. text, 0)
end

local globals

local function run(script, keys, argv)
  running = script
  if keys then
    local seen = globals.eval
    seen.KEYS, seen.ARGV = keys, argv
  end
  return xpcall(script, blame)
end

local function call(f, keys, args)
  running = f
  return xpcall(function() return f(keys, args) end, blame)
end

local function caught(ok, ...)
  if ok then return true, ... end
  local e = visible((...))
  if type(e) == 'table' then
    local text = e.err
    if type(text) == 'string' or type(text) == 'number' then e = text end
  end
  return false, e
end

local function settled(ok, ...)
  if ok then return true, ... end
  return false, visible((...))
end

-- Libraries --------------------------------------------------------------------------------------

local base = {
  tostring = tostring, tonumber = tonumber, error = error, select = select, type = type,
  assert = assert, rawequal = rawequal, gcinfo = gcinfo, ipairs = ipairs, _VERSION = _VERSION,
}

function base.pcall(...) return caught(rawpcall(...)) end

function base.xpcall(f, handler)
  return settled(xpcall(f, function(e)
    if type(e) == 'userdata' and native.is_killed(e) then return e end
    return handler(visible(e))
  end))
end

do
  local next, pairs, rawget, rawset = next, pairs, rawget, rawset
  local setmetatable, getmetatable = rawsetmetatable, rawgetmetatable
  local unpack, collectgarbage = unpack, collectgarbage

  function base.next(t, key) return next(hidden[t] or t, key) end

  function base.pairs(t)
    if hidden[t] then return base.next, t, nil end
    return pairs(t)
  end

  function base.rawget(t, key) return rawget(hidden[t] or t, key) end

  function base.rawset(t, key, value)
    if hidden[t] then error(READONLY, 0) end
    return rawset(t, key, value)
  end

  function base.setmetatable(t, ...)
    if hidden[t] then error(READONLY, 0) end
    return setmetatable(t, ...)
  end

  function base.getmetatable(...)
    local t = ...
    if type(t) == 'string' then return metatables.string end
    if hidden[t] then return metatables[t] end
    return getmetatable(...)
  end

  -- Vanilla Lua miscounts ranges that overflow an int.
  function base.unpack(...)
    local _, i, j = ...
    if j ~= nil then
      local from, to = tonumber(i == nil and 1 or i), tonumber(j)
      if from and to and not (to - from < 8000) then fail('too many results to unpack') end
    end
    return unpack(...)
  end

  -- The collector is shared by scripts: they may use it but not change it.
  function base.collectgarbage(option, arg)
    if option == 'stop' or option == 'restart' or option == 'setpause'
        or option == 'setstepmul' then
      return 0
    end
    return collectgarbage(option, arg)
  end
end

function base.loadstring(code, name)
  if type(code) == 'number' then code = tostring(code) end
  if type(code) ~= 'string' then
    fail("bad argument #1 to 'loadstring' (string expected, got "
      .. (code == nil and 'no value' or type(code)) .. ')')
  end
  return native.compile(code, name == nil and code or name)
end

function base.load(reader, name)
  if type(reader) ~= 'function' then
    fail("bad argument #1 to 'load' (function expected, got "
      .. (reader == nil and 'no value' or type(reader)) .. ')')
  end
  local pieces = {}
  while true do
    local ok, piece = rawpcall(reader)
    if not ok then return nil, visible(piece) end
    if piece == nil or piece == '' then break end
    if type(piece) ~= 'string' and type(piece) ~= 'number' then
      return nil, 'reader function must return a string'
    end
    pieces[#pieces + 1] = piece
  end
  return native.compile(concat(pieces), name == nil and '=(load)' or name)
end

local strings = {}
for name, f in pairs(string) do strings[name] = f end

-- Matching is recursive, by as much as patterns have items.
do
  local find, match, gmatch, gsub, rep = string.find, string.match, string.gmatch, string.gsub,
    string.rep
  local is_simple, LONG, LARGEST = native.is_simple_pattern, 4096, 512 * 1024 * 1024

  local function check(p)
    if type(p) == 'string' and #p > LONG and not is_simple(p) then fail('pattern too complex') end
  end

  function strings.find(...)
    local _, p, _, plain = ...
    if not plain then check(p) end
    return find(...)
  end

  function strings.match(...)
    local _, p = ...
    check(p)
    return match(...)
  end

  function strings.gmatch(...)
    local _, p = ...
    check(p)
    return gmatch(...)
  end
  strings.gfind = strings.gmatch

  function strings.gsub(...)
    local _, p = ...
    check(p)
    return gsub(...)
  end

  function strings.rep(...)
    local s, n = ...
    local times = type(s) == 'string' and tonumber(n)
    if times then
      if s == '' then return '' end
      if #s * times > LARGEST then fail('resulting string too large') end
    end
    return rep(...)
  end
end

local tables = {}
for name, f in pairs(table) do tables[name] = f end
do
  local insert = table.insert
  function tables.insert(t, ...)
    if hidden[t] then error(READONLY, 0) end
    return insert(t, ...)
  end
end

local maths = {}
for name, f in pairs(math) do maths[name] = f end
maths.random, maths.randomseed = native.random, native.randomseed

local coroutines = {running = coroutine.running, status = coroutine.status,
  yield = coroutine.yield}
do
  local create, resume, wrap = coroutine.create, coroutine.resume, coroutine.wrap
  local created = 0

  -- Every coroutine counts its own instructions, so many short ones would go unnoticed.
  local function count()
    created = created + 1
    if created >= 64 then
      created = 0
      native.breathe()
    end
  end

  function coroutines.create(f) count() return create(f) end
  function coroutines.wrap(f) count() return wrap(f) end
  function coroutines.resume(...) return settled(resume(...)) end
end

-- What scripts, functions and libraries that are being loaded see --------------------------------

local G, globals_meta = protect({})

base.string, base.table, base.math = protect(strings), protect(tables), protect(maths)
base.coroutine, base.os = protect(coroutines), protect({clock = os.clock})
for name, library in pairs(native.libraries) do base[name] = protect(library) end
base._G = G

local function copy(from, into)
  for key, value in pairs(from) do into[key] = value end
  return into
end

globals = {
  eval = copy(base, {redis = protect(copy(native.only_eval, copy(native.redis, {})))}),
  call = copy(base, {redis = protect(native.redis)}),
  load = {redis = protect(rawsetmetatable(native.only_load, strict))},
}
for _, table in pairs(globals) do rawsetmetatable(table, strict) end

hidden[G] = nil
metatables[G] = protect({__index = missing})
rawgetmetatable('').__index = strings
metatables.string = protect({__index = base.string})

local function switch(to)
  globals_meta.__index = globals[to]
  hidden[G] = globals[to]
end
switch('eval')

return {globals = G, switch = switch, run = run, call = call}
