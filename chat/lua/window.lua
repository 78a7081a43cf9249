-- uses _window
-- KEYS: history. ARGV: limit.
return window(KEYS[1], tonumber(ARGV[1]))
