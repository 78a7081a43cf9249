-- uses _provider
-- What a process does each second: it hears how the provider is, and tells that it has answered. When
-- the rest is over, the first who looks is the one to try; when that one died, another. ARGV: the
-- process (empty: only looks), how long (ms) it may try, how long ago (ms) the provider has answered
-- it, or empty.
local process, lease, since = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local state = get('state')
if state == '' then
  if since ~= '' and get('streak') ~= '' then
    set('streak', table.concat(streak(since, KEPT), ' '))
  end
  return told(0)
end
local time = now()
-- Else it may be the same call again, its first answer was lost on the way.
local mine = state == 'probing' and get('prober') == process
if process ~= '' and tonumber(get('till')) <= time then
  set('state', 'probing', 'prober', process, 'till', whole(time + lease))
  mine = true
end
return told(mine and 1 or 0)
