-- uses _window _turn
-- Ends a turn: its message and all that was answered go into the history together, and the next
-- message of the inbox is taken up, unless the next run id is empty: then it waits for whoever notices
-- it first. Under an old fence nothing is written.
-- ARGV: fence, status (d or f), lease (ms), window, ttl (ms), next run id, next
-- RUN_STARTED, id of its message, number of messages, the messages, then the events.
local fence, status = ARGV[1], ARGV[2]
local lease, window_limit, ttl = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local next_run, next_started, count = ARGV[6], ARGV[7], tonumber(ARGV[9])

-- Else it is the same call again, its first answer was lost on the way.
if get('done') ~= fence then
  if get('fence') ~= fence then
    return {forgotten(ARGV[8]) and 'forgotten' or 'stale'}
  end
  local id, json = parse_inbox(redis.call('LPOP', INBOX))
  local messages = arguments(10, count)
  if json ~= '' then
    table.insert(messages, 1, json)
  end
  local from = redis.call('LLEN', HISTORY)
  if #messages > 0 then
    redis.call('RPUSH', HISTORY, unpack(messages))
  end
  local first_seq, position = recall(id)
  remember(id, first_seq, json == '' and position or from, status)
  local seq = publish(arguments(10 + count))
  redis.call('HSET', STATE, 'run', '', 'message', '', 'tries', 0, 'lease', 0, 'cutting', '',
    'done', fence, 'done_seq', whole(seq))
  if next_run ~= '' and redis.call('LLEN', INBOX) > 0 then
    begin(next_run, lease, {next_started})
  end
end
touch(ttl) -- also a write for WAIT to wait for: the first one may not have reached the replicas

local reply = {'done', get_number('done_seq')}
if leads(next_run) then
  reply[3] = turn(window_limit)
end
return reply
