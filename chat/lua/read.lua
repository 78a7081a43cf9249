-- uses _window _turn
-- What a tab shows. ARGV: the number after which it wants the events, or -1 for everything, and how
-- many messages everything is. Answers {} when the session is gone, {first number, events}, or
-- {mode, ttl (ms), seq, first (of the running turn, or 0), position, messages, inbox, events of the
-- running turn, the newest events}.
if get('mode') == '' then
  return {}
end
local seq, after = get_number('seq'), tonumber(ARGV[1])
local events = after >= 0 and events_after(after)
if events then
  return {after + 1, events}
end
local first = get('run') ~= '' and get_number('first') or 0
local length = redis.call('LLEN', HISTORY)
local from = math.max(0, length - tonumber(ARGV[2]))
local inbox = {}
for i, entry in ipairs(redis.call('LRANGE', INBOX, 0, -1)) do
  local id, json = parse_inbox(entry)
  inbox[i] = {id, json}
end
return {
  get('mode'), redis.call('PTTL', STATE), seq, first, from,
  redis.call('LRANGE', HISTORY, from, -1), inbox,
  first > 0 and events_after(first - 1) or {}, redis.call('LRANGE', EVENTS, -8, -1),
}
