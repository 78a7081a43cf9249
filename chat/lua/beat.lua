-- uses _window _turn
-- Keeps and numbers what the turn says, and renews its lease. Saying nothing renews only.
-- ARGV: fence, beat's number within the turn, lease (ms), ttl (ms), id of the message, events.
-- Answers the first event's number, 0 when the fence has moved or the turn has ended, or -1 when
-- Redis has forgotten the turn's message or one of its beats.
if get('fence') ~= ARGV[1] or get('done') == ARGV[1] or get('cutting') ~= '' then
  return forgotten(ARGV[5]) and -1 or 0
end
local beat, events = tonumber(ARGV[2]), arguments(6)
if beat > get_number('beat') + 1 then
  return -1
end
local seq = get_number('beat_seq')
-- The same beat again, its first answer was lost on the way: it stands already.
if #events > 0 and get_number('beat') < beat then
  seq = publish(events)
  redis.call('HSET', STATE, 'beat', beat, 'beat_seq', whole(seq))
end
redis.call('HSET', STATE, 'lease', whole(now() + tonumber(ARGV[3])))
touch(ARGV[4])
return math.max(seq, 1)
