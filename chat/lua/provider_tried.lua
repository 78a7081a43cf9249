-- uses _provider
-- Ends a try: the provider is asked again, or rests again. Whoever is not the one to try any more
-- changes nothing. ARGV: the process, how it failed (empty: it has answered), rest (ms).
local process, kind, rest = ARGV[1], ARGV[2], tonumber(ARGV[3])
if get('state') == 'probing' and get('prober') == process then
  local time = now()
  if kind == '' then
    set('state', '', 'since', whole(time), 'prober', '', 'streak', '')
  else
    set('state', 'open', 'till', whole(time + rest), 'prober', '', 'kind', kind,
      'failed', whole(time))
  end
end
return told(0)
