-- uses _window _turn
-- Begins the turn of an abandoned message anew. ARGV: the fence as it was found, lease (ms),
-- window, ttl (ms), run id, then the events that end the dead run, and RUN_STARTED.
-- Answers {} when somebody else was faster, else {first number, turn}.
local run, events = ARGV[5], arguments(6)
local seq
if leads(run) then
  -- The same call again, its first answer was lost on the way.
  seq = get_number('first') - #events + 1
elseif get_number('fence') == tonumber(ARGV[1]) and abandoned() and get('cutting') == '' then
  seq = begin(run, tonumber(ARGV[2]), events)
  touch(ARGV[4])
else
  return {}
end
return {seq, turn(tonumber(ARGV[3]))}
