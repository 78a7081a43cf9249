-- What the scripts of the turn share. All keys of one session, always in this order:
local HISTORY, STATE, INBOX, IDS, EVENTS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

-- HISTORY  list: the committed messages as JSON, oldest first.
-- STATE    hash: mode (bot, closed) · fence · seq (number of the newest event) · copied (messages
--          that the transcript has) · active (ms; when the newest message came) · tat (rate
--          limit) · and of the turn that runs: run, message (id), tries, lease (ms; when it runs
--          out), first (seq of its RUN_STARTED), cutting (the id of the call that took it away from
--          its worker, while somebody ends it; else empty), cut (the newest such id) · beat,
--          beat_seq (the newest beat and its first number) · done, done_seq (the fence of the
--          newest commit and the number of its first event) · summary (of what was said before
--          position summarized), summary_id (the claim under which it was made), summarizing (the
--          newest claim), summarizing_until (ms; until then nobody else makes one).
-- INBOX    list: "id json" of each message that waits for its answer, the running turn's first;
--          the json is missing where the history holds the message already (a second try).
-- IDS      hash: message id → "seq position status"; position -1 and status w while it waits, then
--          d (done) or f (failed).
-- EVENTS   list: the newest events as JSON, numbered without a gap; the last one's number is seq.

-- How many events of past turns are kept for tabs that come back.
local KEPT_EVENTS = 256

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function get(field)
  return redis.call('HGET', STATE, field) or ''
end

local function get_number(field)
  return tonumber(redis.call('HGET', STATE, field)) or 0
end

local function whole(number)
  return string.format('%.0f', number)
end

-- The arguments from `first` on, `count` of them (all, when left out).
local function arguments(first, count)
  local list = {}
  for i = first, count and first + count - 1 or #ARGV do
    list[#list + 1] = ARGV[i]
  end
  return list
end

-- Numbers the events and keeps them. Answers the first one's number.
local function publish(events)
  if #events == 0 then
    return get_number('seq') + 1
  end
  redis.call('RPUSH', EVENTS, unpack(events))
  return redis.call('HINCRBY', STATE, 'seq', #events) - #events + 1
end

-- The kept events after number `seq`, or nil when some of them are gone.
local function events_after(seq)
  local missing = get_number('seq') - seq
  if missing < 0 or missing > redis.call('LLEN', EVENTS) then
    return nil
  end
  return missing == 0 and {} or redis.call('LRANGE', EVENTS, -missing, -1)
end

local function touch(ttl)
  for i = 1, 5 do
    redis.call('PEXPIRE', KEYS[i], ttl)
  end
end

local function parse_inbox(entry)
  local id, json = entry:match('^(%S+) (.*)$')
  return id, json
end

-- The id's record as seq, position, status; nil when it was never seen.
local function recall(id)
  local record = redis.call('HGET', IDS, id)
  if not record then
    return nil
  end
  local seq, position, status = record:match('^(%S+) (%S+) (%S+)$')
  return tonumber(seq), tonumber(position), status
end

local function remember(id, seq, position, status)
  redis.call('HSET', IDS, id, whole(seq) .. ' ' .. whole(position) .. ' ' .. status)
end

-- Whether a message that was accepted is not known any more, although the session is.
local function forgotten(id)
  return get('mode') ~= '' and not recall(id)
end

-- The message with this id as JSON, wherever it is by now.
local function message_json(id, position)
  if position >= 0 then
    return redis.call('LINDEX', HISTORY, position) or ''
  end
  for _, entry in ipairs(redis.call('LRANGE', INBOX, 0, -1)) do
    local waiting, json = parse_inbox(entry)
    if waiting == id then
      return json
    end
  end
  return ''
end

-- A turn that nobody leads any more: its message waits and its lease has run out.
local function abandoned()
  return redis.call('LLEN', INBOX) > 0 and get_number('lease') <= now()
end

-- Whether this run still answers its message: a call that began it may have been sent twice.
local function leads(run)
  return run ~= '' and get('run') == run and get('cutting') == ''
end

-- What the worker of the running turn needs to answer its message.
local function turn(limit)
  local id = get('message')
  local _, position = recall(id)
  return {
    get_number('fence'), get_number('tries'), id, message_json(id, position or -1),
    get_number('first'), window(HISTORY, limit), get('summary'), get_number('summarized'),
  }
end

-- Raises the fence above any that was ever given, also above those that a failover or a restored
-- file made Redis forget: a fence is the time (ms) at which it was given.
local function raise_fence()
  redis.call('HSET', STATE, 'fence', whole(math.max(get_number('fence') + 1, now())))
end

-- Gives the inbox's first message to a worker, under a new fence. The last of `events` is the
-- turn's RUN_STARTED. Answers the first event's number.
local function begin(run, lease, events)
  local id = parse_inbox(redis.call('LINDEX', INBOX, 0))
  local tries = get('message') == id and get_number('tries') + 1 or 1
  if redis.call('LLEN', EVENTS) > KEPT_EVENTS then
    redis.call('LTRIM', EVENTS, -KEPT_EVENTS, -1)
  end
  local seq = publish(events)
  raise_fence()
  redis.call('HSET', STATE, 'run', run, 'message', id, 'tries', tries, 'cutting', '', 'beat', 0,
    'first', whole(seq + #events - 1), 'lease', whole(now() + lease))
  return seq
end
