-- Notes in the index that a session may have work to do. KEYS: a shard. ARGV: session id.
local time = redis.call('TIME')
return redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
