-- Counts what an answer has cost. KEYS: whose and which day's, and the ids that were counted lately.
-- ARGV: id of the answer, millionths of the currency, tokens, how long (ms) the day's is kept.
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
-- Else it is the same call again, its first answer was lost on the way: it comes within seconds.
if redis.call('ZADD', KEYS[2], 'NX', at, ARGV[1]) == 1 then
  redis.call('HINCRBY', KEYS[1], 'cost', ARGV[2])
  redis.call('HINCRBY', KEYS[1], 'tokens', ARGV[3])
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', at - 300000)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
