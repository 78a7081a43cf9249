-- The newest messages of a list, as {position of the first, entries}.
-- Extended back to a human message, however many tool messages that takes, so that no tool call is
-- parted from its answer; 200 further at most, for a list that holds no human message at all.
local function window(key, limit)
  local length = redis.call('LLEN', key)
  if limit == 0 then
    return {length, {}}
  end
  local first = math.max(0, length - limit)
  local entries = redis.call('LRANGE', key, first, -1)
  local furthest = math.max(0, first - 200)
  while first > furthest and not entries[1]:find('^{%s*"type"%s*:%s*"human"') do
    first = first - 1
    table.insert(entries, 1, redis.call('LINDEX', key, first))
  end
  return {first, entries}
end
