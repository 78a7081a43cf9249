-- What was spent, in millionths of the currency and in tokens. KEYS: whose and which day's.
local spent = redis.call('HMGET', KEYS[1], 'cost', 'tokens')
return {tonumber(spent[1]) or 0, tonumber(spent[2]) or 0}
