-- uses _window _turn
-- Keeps a summary, unless another claim came after its own, or the history is not the same any
-- more. Never makes a purged state anew.
-- ARGV: the claim's id, the position where the summary so far ended, the one where this one does,
-- the SHA-1 of the last message in it, the text. Answers 1 when it is kept.
local id, last = ARGV[1], redis.call('LINDEX', HISTORY, ARGV[3] - 1)
if get('mode') == '' or get('summarizing') ~= id
    or not last or redis.sha1hex(last) ~= ARGV[4] then
  return 0
end
if get('summary_id') ~= id then -- else it is the same call again, its first answer was lost
  if get_number('summarized') ~= tonumber(ARGV[2]) then
    return 0
  end
  redis.call('HSET', STATE, 'summary', ARGV[5], 'summarized', ARGV[3], 'summary_id', id,
    'summarizing_until', 0)
end
return 1
