-- uses _window _turn
-- The number of the session's newest event; 0 when it is gone.
return get_number('seq')
