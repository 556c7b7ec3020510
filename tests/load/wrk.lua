-- One kind of SCIM request, as fast as the connections take it.
--
--   wrk -t 1 … -s wrk.lua BASE_URL -- KIND TOKEN FILE TAG [NUMBER]
--
-- KIND is get, filter, patch, leave, create, list (NUMBER: startIndex), seed (NUMBER: how many users) or sync (NUMBER: the id of
-- a group; a thread for each connection).
-- FILE has `id<tab>userName` a line: seed writes it; get, filter, patch and leave read it. TAG keeps userNames apart.

local TYPE = "application/scim+json"
local base, kind, token, file, tag, number
-- Of a thread: its number, and whom it provisions.
thread_number = 0
local user = nil
local ids, names, turn = {}, {}, 0

local function escaped(text)
  return (text:gsub("[^%w%-_.~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function without_body(method, path)
  return ("%s %s%s HTTP/1.1\r\nHost: %s:%s\r\nAuthorization: Bearer %s\r\nAccept: %s\r\n\r\n"):format(
    method, base, path, wrk.host, wrk.port, token, TYPE)
end

local function with_body(method, path, body)
  return ("%s %s%s HTTP/1.1\r\nHost: %s:%s\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"):format(
    method, base, path, wrk.host, wrk.port, token, TYPE, #body, body)
end

local function new_user(name)
  return ('{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%s@example.com",' ..
    '"externalId":"x-%s","name":{"givenName":"Robin","familyName":"Load %s"},"displayName":"Robin Load %s","title":"Engineer",' ..
    '"active":true,"emails":[{"value":"%s@example.com","type":"work","primary":true}]}'):format(name, name, name, name, name)
end

local function one_operation(operation)
  return '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[' .. operation .. ']}'
end

local function create()
  turn = turn + 1
  return with_body("POST", "/Users", new_user(("load-%s-%06d"):format(tag, turn)))
end

-- Every patch changes something: a title that no user has had.
local function patch()
  turn = turn + 1
  return with_body("PATCH", "/Users/" .. ids[turn * 7919 % #ids + 1],
    one_operation('{"op":"replace","path":"title","value":"' .. tag .. "-" .. turn .. '"}'))
end

-- Every user is deactivated, and when all have been, every user is activated again.
local function leave()
  local active = math.floor(turn / #ids) % 2 == 1
  turn = turn + 1
  return with_body("PATCH", "/Users/" .. ids[turn % #ids + 1],
    one_operation('{"op":"replace","path":"active","value":' .. tostring(active) .. '}'))
end

-- What an identity provider does with somebody new: looks for them, makes them, changes them, and puts them into a group.
local function sync()
  local step = turn % 4
  turn = turn + 1
  local name = ("sync-%s-%d-%06d"):format(tag, thread_number, math.floor((turn - 1) / 4))
  if step == 0 then
    return without_body("GET", "/Users?filter=" .. escaped('userName eq "' .. name .. '@example.com"'))
  elseif step == 1 then
    return with_body("POST", "/Users", new_user(name))
  elseif step == 2 then
    return with_body("PATCH", "/Users/" .. user, one_operation('{"op":"replace","path":"title","value":"Synchronised"}'))
  end
  return with_body("PATCH", "/Groups/" .. number, one_operation('{"op":"add","path":"members","value":[{"value":"' .. user .. '"}]}'))
end

local function keep_user(status, _, body)
  if status == 201 then
    user = body:match('"id":"([^"]+)"')
  end
end

-- Read requests are built once, so that building them is not what is measured.
local function one_of(requests)
  return function()
    turn = turn + 1
    return requests[turn * 7919 % #requests + 1]
  end
end

local function keep_id(out)
  local kept = 0
  return function(status, _, body)
    local id, name = body:match('"id":"([^"]+)"'), body:match('"userName":"([^"]+)"')
    -- Answers that were under way still come after the end.
    if status == 201 and id and name and kept < number then
      out:write(id, "\t", name, "\n")
      kept = kept + 1
      if kept == number then
        out:close()
        wrk.thread:stop()
      end
    end
  end
end

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end

function init(args)
  base, kind, token, file, tag, number = wrk.path, args[1], args[2], args[3], args[4], tonumber(args[5]) or args[5]
  local requests = {}
  if kind == "get" or kind == "filter" or kind == "patch" or kind == "leave" then
    for line in io.lines(file) do
      local id, name = line:match("^(.-)\t(.+)$")
      table.insert(ids, id)
      table.insert(names, name)
    end
  end
  for nth = 1, #ids do
    requests[nth] = kind == "get" and without_body("GET", "/Users/" .. ids[nth])
      or kind == "filter" and without_body("GET", "/Users?filter=" .. escaped('userName eq "' .. names[nth] .. '"'))
  end
  if kind == "list" then
    requests[1] = without_body("GET", "/Users?count=100&startIndex=" .. number)
  end
  if kind == "seed" then
    response = keep_id(io.open(file, "w"))
  end
  if kind == "sync" then
    response = keep_user
  end
  request = kind == "sync" and sync or kind == "patch" and patch or kind == "leave" and leave or (kind == "create" or kind == "seed") and create or one_of(requests)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(('\nRESULT {"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "refused": %d, "broken": %d}\n'):format(
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
