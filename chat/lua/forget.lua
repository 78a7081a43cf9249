-- Deletes one key.
return redis.call('DEL', KEYS[1])
