-- uses _window _turn
-- What the transcript may not have. Answers {} when the session is gone, else {fence, copied, the
-- messages from there on}.
if get('mode') == '' then
  return {}
end
local copied = get_number('copied')
return {redis.call('HGET', STATE, 'fence') or '0', copied, redis.call('LRANGE', HISTORY, copied, -1)}
