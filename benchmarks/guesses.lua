-- Guesses passwords as fast as it is let: wrk -s guesses.lua URL -- WHO FROM
--   WHO   known: always one account; unknown: always another name
--   FROM  one: always one network address; many: always another

local threads = {}
local seen = { "200", "201", "401", "422", "429", "500", "503" }

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  who, from = args[1], args[2]
  untold = 0
  math.randomseed(os.time())
end

function request()
  local name, address = "target@example.com", "198.51.100.7"
  if who == "unknown" then
    name = "nobody" .. math.random(1000000000) .. "@example.com"
  end
  if from == "many" then
    address = string.format("10.%d.%d.%d", math.random(0, 255),
      math.random(0, 255), math.random(1, 254))
  end
  return wrk.format("POST", nil, {
    ["Content-Type"] = "application/json",
    ["X-Forwarded-For"] = address,
  }, '{"name":"' .. name .. '","password":"a guess that is wrong"}')
end

function response(status, headers)
  local name = "status" .. status
  _G[name] = (_G[name] or 0) + 1
  if (status == 429 or status == 503) and not headers["Retry-After"]
      and not headers["retry-after"] then
    untold = untold + 1
  end
end

function done(summary, latency)
  for _, status in ipairs(seen) do
    local count = 0
    for _, thread in ipairs(threads) do
      count = count + (thread:get("status" .. status) or 0)
    end
    io.write(string.format("answered %s: %d\n", status, count))
  end
  io.write(string.format("untold: %d\n", threads[1]:get("untold")))
  io.write(string.format("longest ms: %.0f\n", latency.max / 1000))
end
