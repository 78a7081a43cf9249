-- uses _rate
-- Counts a message of a customer, over all sessions. KEYS: the customer's. ARGV: limit, period (ms).
-- Answers how long to wait (ms), 0 when there is room.
local clock = redis.call('TIME')
local time = clock[1] * 1000 + math.floor(clock[2] / 1000)
return count(KEYS[1], time, tonumber(ARGV[1]), tonumber(ARGV[2]))
