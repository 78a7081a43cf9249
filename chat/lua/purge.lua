-- uses _window _turn
-- Deletes the session and leaves a tombstone (KEYS[6]) so that nothing brings it back.
-- ARGV: how long the tombstone stays (ms), age (ms; spare what was active since, 0: spare nothing),
-- 1 to delete and 0 to count only.
-- Answers how many messages it has, or -1 when it is spared.
local age = tonumber(ARGV[2])
if age > 0 and (redis.call('LLEN', INBOX) > 0 or get_number('active') > now() - age) then
  return -1
end
local messages = redis.call('LLEN', HISTORY) + redis.call('LLEN', INBOX)
if ARGV[3] == '1' then
  redis.call('SET', KEYS[6], 1, 'PX', ARGV[1])
  redis.call('DEL', HISTORY, STATE, INBOX, IDS, EVENTS)
end
return messages
