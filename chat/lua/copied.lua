-- uses _window _turn
-- Marks how many messages the transcript has; never makes a purged state anew. ARGV: how many, the
-- SHA-1 of the last one. Answers 0 when the history has another one in its place, or none: then
-- Redis has forgotten what was copied.
if get('mode') == '' then
  return 1
end
local last = redis.call('LINDEX', HISTORY, ARGV[1] - 1)
if not last or redis.sha1hex(last) ~= ARGV[2] then
  return 0
end
if get_number('copied') < tonumber(ARGV[1]) then
  redis.call('HSET', STATE, 'copied', ARGV[1])
end
return 1
