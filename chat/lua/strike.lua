-- Strikes a session from the index whatever its score. KEYS: a shard. ARGV: session id.
return redis.call('ZREM', KEYS[1], ARGV[1])
