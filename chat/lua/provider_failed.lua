-- uses _provider
-- Notes that a turn got no answer from the provider, and lets it rest when that was so often enough
-- in a row. ARGV: id of the failure, its kind, how many in a row, within what time (ms), rest (ms), how
-- long ago (ms) it has answered this process, or empty.
local id, kind, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local within, rest, since = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

-- Else it is the same call again, its first answer was lost on the way.
if not (' ' .. get('streak') .. ' '):find(' ' .. id .. ' ', 1, true) then
  local time = now()
  -- While it rests, only turns that began before can fail.
  if get('state') == '' then
    local failures = streak(since, within)
    failures[#failures + 1] = whole(time) .. ' ' .. id
    set('streak', table.concat(failures, ' '))
    if #failures >= most then
      set('state', 'open', 'since', whole(time), 'till', whole(time + rest))
    end
  end
  set('kind', kind, 'failed', whole(time))
end
return told(0)
