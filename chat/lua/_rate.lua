-- The generic cell rate algorithm: `limit` at once, then one each period/limit (ms).
-- https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
-- `arrival` is the theoretical arrival time so far. Answers the next one, and how long to wait (ms).
local function rate(arrival, time, limit, period)
  local next_arrival = math.max(arrival, time) + period / limit
  return math.ceil(next_arrival), math.max(0, math.ceil(next_arrival - period - time))
end

-- Counts one at a key of its own, where there is room. Answers how long to wait (ms), else 0.
local function count(key, time, limit, period)
  local arrival, wait = rate(tonumber(redis.call('GET', key)) or 0, time, limit, period)
  if wait == 0 then
    redis.call('SET', key, string.format('%.0f', arrival), 'PX', math.max(1, arrival - time))
  end
  return wait
end
