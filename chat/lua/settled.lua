-- Strikes a session from the index, unless it was noted again meanwhile. ARGV: session id, score.
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
