-- The messages from a position on. KEYS: history. ARGV: the position.
return redis.call('LRANGE', KEYS[1], ARGV[1], -1)
