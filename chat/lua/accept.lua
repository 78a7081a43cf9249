-- uses _window _rate _turn
-- Takes a message: from here on it is never lost. Begins its turn when none runs, unless the run id
-- is empty: then it waits for whoever notices it first.
-- KEYS[6] and KEYS[7], unless they are in other slots of a Cluster and were asked before: the
-- customer's rate over all sessions, and the index of sessions with work to do.
-- ARGV: id, message JSON, limit and period (ms) of the rate, inbox size, lease (ms), window, ttl
-- (ms), run id, RUN_STARTED, how long the customer must wait (ms; as asked before), the customer's
-- limit, session id, a number that the customer has seen, then the events of the acknowledgement.
-- Answers {'behind'} and takes nothing when Redis has forgotten that number.
local id, json = ARGV[1], ARGV[2]
local limit, period, room = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local lease, window_limit, ttl = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
local run, started = ARGV[9], ARGV[10]
local customer_wait, customer_limit, session = tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13]

local mode = get('mode')
if mode == '' then
  return {'gone'}
end
if get_number('seq') < tonumber(ARGV[14]) then
  return {'behind'}
end

local seq, position, status = recall(id)
if seq and status ~= 'f' then
  touch(ttl) -- also a write for WAIT to wait for: the first one may not have reached the replicas
  if status == 'w' and leads(run) then
    -- The same call again, its first answer was lost on the way. A message that is being tried
    -- again was acknowledged long ago.
    return {'begun', seq, position >= 0 and message_json(id, position) or '', turn(window_limit)}
  end
  return {'known', seq, message_json(id, position), abandoned() and 1 or 0}
end
if mode == 'closed' then
  return {'closed'}
end

local time = now()
local arrival, wait = rate(get_number('tat'), time, limit, period)
wait = math.max(wait, customer_wait)
if wait == 0 and redis.call('LLEN', INBOX) >= room then
  return {'full'}
end
if wait == 0 and KEYS[6] then
  wait = count(KEYS[6], time, customer_limit, period)
end
if wait > 0 then
  return {'limited', wait}
end
if KEYS[7] then
  redis.call('ZADD', KEYS[7], time, session)
end
redis.call('HSET', STATE, 'tat', whole(arrival), 'active', whole(time))

local idle = redis.call('LLEN', INBOX) == 0
local left_behind = abandoned()
local again = seq ~= nil
if again then
  redis.call('RPUSH', INBOX, id .. ' ')
else
  redis.call('RPUSH', INBOX, id .. ' ' .. json)
  seq, position = publish(arguments(15)), -1
end
remember(id, seq, position, 'w')

local known = again and message_json(id, position) or ''
local reply = {'queued', seq, known, left_behind and 1 or 0}
if idle and run ~= '' then
  begin(run, lease, {started})
  reply = {'begun', seq, known, turn(window_limit)}
end
touch(ttl)
return reply
