-- uses _window _turn
-- Gives up a turn: whoever notices first takes it up at once. ARGV: fence.
if get('fence') == ARGV[1] and get('run') ~= '' then
  -- A new fence too: a beat that is still on its way would renew the lease.
  raise_fence()
  redis.call('HSET', STATE, 'lease', 0)
end
return 1
