-- uses _window _turn
-- Takes the running turn away from its worker, to end it with what was said so far. Also resumes
-- such an ending whose worker died. ARGV: lease (ms), 1 to resume, an id of this call's own.
-- Answers {} when there is nothing to end, else {run, turn, its events so far}.
local resume, id = ARGV[2] == '1', ARGV[3]
-- Else it is the same call again, its first answer was lost on the way.
if get('cutting') ~= id then
  -- A call that comes again when its turn has long ended must not end the one after it.
  if get('cut') == id or get('run') == '' or (get('cutting') ~= '') ~= resume or (resume and not abandoned()) then
    return {}
  end
  raise_fence()
  redis.call('HSET', STATE, 'cutting', id, 'cut', id, 'lease', whole(now() + tonumber(ARGV[1])))
end
return {get('run'), turn(0), events_after(get_number('first') - 1) or {}}
