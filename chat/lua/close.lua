-- uses _window _turn
-- Takes no further messages; those that it has are still answered. Answers 0 when it is gone.
if get('mode') == '' then
  return 0
end
redis.call('HSET', STATE, 'mode', 'closed')
return 1
