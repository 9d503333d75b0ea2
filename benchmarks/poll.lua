-- Requests of one workload, drawn at random: FOLDER holds what Plan.write wrote, SEED starts the draw.
-- With REST_MS each connection rests so long between an answer and its next request.
-- With CHECK=1 every answer is read too, which costs the core wrk runs on: for warming up, not for measuring.
local folder, seed = os.getenv('FOLDER'), tonumber(os.getenv('SEED') or '1')
local kinds, total, sent = {}, 0, 0
checked, failed, unchanged = 0, 0, 0 -- global: read from done()

local function lines(name)
  local found = {}
  for line in io.lines(folder .. '/' .. name) do found[#found + 1] = line end
  return found
end

local function message(kind, head, tail)
  local body = kind.prefix .. tail
  if kind.numbered then
    sent = sent + 1
    body = body .. seed .. '-' .. sent .. '"}}}'
  end
  return head .. #body .. '\r\n\r\n' .. body
end

function init()
  math.randomseed(seed)
  for _, line in ipairs(lines('kinds')) do
    local name, weight, numbered = line:match('(%S+) (%S+) (%S+)')
    local kind = { prefix = lines(name .. '.prefix')[1], tails = lines(name .. '.tails'), heads = {}, numbered = numbered == '1' }
    for i, head in ipairs(lines(name .. '.heads')) do kind.heads[i] = head:gsub('\t', '\r\n') end
    total = total + tonumber(weight)
    kind.upto = total
    kinds[#kinds + 1] = kind
  end
  local first = kinds[1]
  if #kinds == 1 and #first.heads == 1 and #first.tails == 1 and not first.numbered then
    local one = message(first, first.heads[1], first.tails[1])
    request = function() return one end
  end
end

function request()
  local draw, kind = math.random() * total, kinds[1]
  for i = 1, #kinds do
    kind = kinds[i]
    if draw < kind.upto then break end
  end
  return message(kind, kind.heads[math.random(#kind.heads)], kind.tails[math.random(#kind.tails)])
end

if os.getenv('CHECK') then
  function response(status, _, body)
    checked = checked + 1
    if status == 304 then
      unchanged = unchanged + 1
    elseif status ~= 200 or body:find('"errors":', 1, true) or body:find('"userErrors":[{', 1, true) then
      failed = failed + 1
    end
  end
end

local rest_ms = tonumber(os.getenv('REST_MS') or '')
if rest_ms then
  function delay() return rest_ms end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency)
  local e, n = summary.errors, { checked = 0, failed = 0, unchanged = 0 }
  for _, thread in ipairs(threads) do
    for name in pairs(n) do n[name] = n[name] + thread:get(name) end
  end
  io.write(string.format(
    'RESULT {"requests":%d,"us":%d,"bytes":%d,"p50_us":%d,"p99_us":%d,"errors":%d,"checked":%d,"failed":%d,"unchanged":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout, n.checked, n.failed, n.unchanged))
end
