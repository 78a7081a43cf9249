-- uses _window _turn
-- Makes the session's state. ARGV: ttl (ms). KEYS[6]: the tombstone.
-- Answers 0 when the session was purged, else 1.
if redis.call('EXISTS', KEYS[6]) == 1 then
  return 0
end
redis.call('HSETNX', STATE, 'mode', 'bot')
redis.call('HSETNX', STATE, 'seq', 0)
redis.call('PEXPIRE', STATE, ARGV[1])
return 1
