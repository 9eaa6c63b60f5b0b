-- Signs in as one person after the other: wrk -s sign_ins.lua URL -- PEOPLE

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  people, number, good = tonumber(args[1]), 0, 0
end

function request()
  number = number + 1
  local who = number % people
  return wrk.format("POST", nil, {
    ["Content-Type"] = "application/json",
    ["X-Forwarded-For"] = "192.0.2." .. who,
  }, '{"name":"person' .. who .. '@example.com",'
    .. '"password":"correct horse battery staple"}')
end

function response(status)
  if status == 201 then
    good = good + 1
  end
end

function done(summary)
  io.write(string.format("good: %d\n", threads[1]:get("good")))
  io.write(string.format("seconds: %.3f\n", summary.duration / 1000000))
end
