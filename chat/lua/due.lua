-- The sessions that were noted longer ago than ARGV[1] ms, as id, score, id, …: at most ARGV[2], from
-- the one in place ARGV[3] on.
local time = redis.call('TIME')
local before = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', before, 'WITHSCORES', 'LIMIT', ARGV[3], ARGV[2])
