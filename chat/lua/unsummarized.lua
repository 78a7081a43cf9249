-- uses _window _turn
-- Claims the making of a summary, unless somebody else is at it or it reaches far enough already.
-- ARGV: the claim's id, how long it holds (ms), the position up to which all is to be summarized,
-- how many messages at most. Answers where the summary so far ends, its text, the position of the
-- first message and the messages; or nothing.
local id, upto = ARGV[1], tonumber(ARGV[3])
local done = get_number('summarized')
if get('mode') == '' or get('mode') == 'closed' or done >= upto then
  return {}
end
if get('summarizing') ~= id and get_number('summarizing_until') > now() then
  return {}
end
redis.call('HSET', STATE, 'summarizing', id, 'summarizing_until', whole(now() + tonumber(ARGV[2])))
local first = math.max(done, upto - tonumber(ARGV[4]))
return {done, get('summary'), first, redis.call('LRANGE', HISTORY, first, upto - 1)}
