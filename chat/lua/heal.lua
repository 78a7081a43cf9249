-- uses _window _turn
-- Mends a session of which Redis has forgotten the newest writes: the history becomes what the
-- transcript says, with what came since behind it, and what is said from now on is numbered above
-- every number that was ever given, by the time. The kept events go, so that each tab reads anew.
-- ARGV: fence and length of the history as they were found, how many messages the transcript has,
-- ttl (ms), 1 to begin the running turn anew, id and JSON of a message whose worker still knows it
-- (or empty), the position from which the history is replaced, how many records follow, the
-- records (id, position, status; where empty, what is there stays), then the messages.
-- Answers 0 when the session has changed meanwhile, else 1.
local length, ttl, anew = tonumber(ARGV[2]), ARGV[4], ARGV[5] == '1'
local held, json, from, count = ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
if get('mode') == '' or (redis.call('HGET', STATE, 'fence') or '0') ~= ARGV[1]
    or redis.call('LLEN', HISTORY) ~= length or get('cutting') ~= '' then
  return 0
end

if from == 0 then
  redis.call('DEL', HISTORY)
else
  redis.call('LTRIM', HISTORY, 0, from - 1)
end
for _, entry in ipairs(arguments(10 + 3 * count)) do
  redis.call('RPUSH', HISTORY, entry)
end
if from < get_number('summarized') then
  -- It tells of another history; it is made anew.
  redis.call('HDEL', STATE, 'summary', 'summarized')
end
redis.call('HDEL', STATE, 'summarizing', 'summarizing_until', 'summary_id')

local before = math.max(get_number('seq'), now())
local waiting, statuses = {}, {}
for i = 10, 9 + 3 * count, 3 do
  local id, place, status = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local seq, position, old_status = recall(id)
  remember(id, seq or before, place or position or -1, status ~= '' and status or old_status or 'd')
  statuses[id] = status
  if status == 'w' then
    waiting[#waiting + 1] = id .. ' '
  end
end
-- What the transcript knows to be answered waits no more; what it knows waits without its text.
for _, entry in ipairs(redis.call('LRANGE', INBOX, 0, -1)) do
  local id = parse_inbox(entry)
  if (statuses[id] or '') == '' then
    waiting[#waiting + 1] = entry
  end
end
if held ~= '' and not recall(held) then
  table.insert(waiting, 1, held .. ' ' .. json)
  remember(held, before, -1, 'w')
end
redis.call('DEL', INBOX)
for _, entry in ipairs(waiting) do
  redis.call('RPUSH', INBOX, entry)
end

-- A turn that goes on keeps its events, under new numbers.
local first, kept = get_number('first'), 0
if anew then
  raise_fence()
  redis.call('HSET', STATE, 'run', '', 'message', '', 'tries', 0, 'lease', 0)
elseif get('run') ~= '' then
  kept = math.min(get_number('seq') - first + 1, redis.call('LLEN', EVENTS))
end
if kept > 0 then
  redis.call('LTRIM', EVENTS, -kept, -1)
else
  redis.call('DEL', EVENTS)
end
redis.call('HSET', STATE, 'copied', ARGV[3], 'seq', whole(before + kept), 'first', whole(before + 1),
  'beat_seq', whole(get_number('beat_seq') - first + before + 1))
touch(ttl)
return 1
