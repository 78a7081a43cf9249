-- What the scripts about a model provider share. KEYS: the provider's hash:
--   state   empty (it is asked), open (it rests), probing (one process tries whether it is back)
--   since   ms; when the state left or came back to empty
--   till    ms; when the rest is over, or the time that the prober has
--   prober  the process that tries
--   kind, failed   how it failed last, and when (ms)
--   streak  "ms id" of each failure since an answer, oldest first, separated by spaces
-- A provider that has never failed has no hash.
local PROVIDER = KEYS[1]

-- How long (ms) what is known of a provider is kept after it was last heard of.
local KEPT = 86400000

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

local function get(field)
  return redis.call('HGET', PROVIDER, field) or ''
end

local function set(...)
  redis.call('HSET', PROVIDER, ...)
  redis.call('PEXPIRE', PROVIDER, KEPT)
end

-- The failures that came after the last answer, and within so many ms. `since` (ms): how long ago
-- the provider answered the process that asks; empty when it has told that before.
local function streak(since, within)
  local answered = since == '' and 0 or now() - tonumber(since)
  local kept = {}
  for at, id in get('streak'):gmatch('(%S+) (%S+)') do
    if tonumber(at) > answered and tonumber(at) > now() - within then
      kept[#kept + 1] = at .. ' ' .. id
    end
  end
  return kept
end

-- What a process needs to know; `mine` is 1 for the one that is to try.
local function told(mine)
  local _, failures = get('streak'):gsub('%S+ %S+', '')
  return {get('state'), tonumber(get('since')) or 0, failures, get('kind'),
    tonumber(get('failed')) or 0, mine}
end
