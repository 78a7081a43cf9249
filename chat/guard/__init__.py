"""The second wall: nothing of another customer's leaves, whatever the model says.

``guard``      one turn's guard: what its customer may see, and what wants to leave
``exit``       where a reply's words leave
``holding``    how much of the last words waits for the next, and what is worth a closer look
``seen``       what may be shown, and what remains when that is taken away
``identifiers``  finds numbers, e-mail addresses and links, however they are spread out
``plain``      sees through characters that disguise them
``customers``  what belongs to whom, by the orders
"""
