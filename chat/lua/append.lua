-- Appends messages and renews the time to live, in one step.
-- KEYS: history. ARGV: ttl (s), then the messages.
for i = 2, #ARGV do
  redis.call('RPUSH', KEYS[1], ARGV[i])
end
return redis.call('EXPIRE', KEYS[1], ARGV[1])
