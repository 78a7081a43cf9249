-- uses _window _turn
-- What the sweep and the recovery must know of a session. Answers {} when it is gone.
if get('mode') == '' then
  return {}
end
return {
  redis.call('HGET', STATE, 'fence') or '0', get('run'), get('cutting') ~= '' and 1 or 0,
  abandoned() and 1 or 0, redis.call('LLEN', INBOX), redis.call('LLEN', HISTORY),
  get_number('copied'),
}
