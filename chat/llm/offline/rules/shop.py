"""What customers ask about the shop and its goods."""

from chat.llm.offline.intents import Intent

PHRASES: dict[Intent, tuple[tuple[int, str], ...]] = {
    Intent.RETURN: (
        (6, r"\breturn(?:s|ed|ing|able)?\b"),
        (6, r"(?:send|sending|bring|give|ship)\b.*\bback\b"),
        (6, r"\b(?:refund(?:s|ed|able|ing)?|reimburse\w*|money back)\b"),
        (6, r"\b(?:exchange|swap)\b"),
        (5, r"(?:do not|did not|not) (?:like|fit|suit)|too (?:small|big|large)|wrong size"),
    ),
    Intent.PAYMENT: (
        (6, r"\b(?:pay|paying|payments?|payment (?:method|option)s?)\b"),
        (5, r"\b(?:paypal|credit cards?|debit|cards?|bank transfer|klarna|invoice|receipt"
            r"|instal?ments?|apple pay|google pay|cash|billing|bill)\b"),
    ),
    Intent.PAYMENT_PROBLEM: (
        (20, r"(?:can not|could not|unable to|not able to|trouble|problems?|issues?|difficult\w*"
             r"|errors?|struggling|help)\b.*\b(?:pay|paying|payments?|checkout|check out)\b"),
        (20, r"(?:pay|paying|payments?|checkout|paypal|card)\b.*\b(?:not work\w*|problems?|issues?"
             r"|trouble|errors?|crash\w*|freez\w*|stuck|not (?:being )?accept\w*)"),
    ),
    Intent.DAMAGED: (
        (7, r"\b(?:broken|broke|damaged?|crack(?:ed)?|defect(?:ive)?|faulty|smashed|shattered"
            r"|dent(?:ed)?|scratch(?:ed|es)?|leak(?:ing|ed)?|bent|ruined|chipped|torn|rust(?:ed"
            r"|y)?)\b"),
        (6, r"(?:does|do|did|is|are) not work(?:ing)?|stopped working|will not turn on"),
        (7, r"(?:got|get|received|sent|delivered) (?:me )?(?:a |an |the )?wrong\b|wrong (?:item"
            r"|article|product|color|thing|one|model|order)\b"),
        (7, r"(?:item|part|parts|piece|pieces|article|something|one|half|lid|manual) (?:is |are "
            r"|was |were )?(?:missing|not in)|missing (?:an? |the |some )?(?:item|part|piece)"
            r"|incomplete|not everything"),
        (6, r"(?:only|just) (?:got|received|one|half)\b|instead of"),
    ),
    Intent.DELIVERY_OPTIONS: (
        (8, r"(?:how much|costs?|price|fees?|charges?|free)\b.*\b(?:delivery|shipping|postage"
            r"|shipment|express)|(?:delivery|shipping|postage) (?:free|costs?|fees?|prices?"
            r"|charges?|options?|methods?|rates?|policy)"),
        (8, r"do you (?:ship|deliver|send|post)\b|(?:ship|deliver|send|shipping|delivery) to "
            r"(?!my|me|a |an |the |another|different|work)\w+"),
        (7, r"\b(?:express|next day|same day|overnight|click and collect|standard delivery)\b"),
        (6, r"(?:can|do|could) (?:i|you)\b.*\b(?:choose|pick|select)\b.*\b(?:day|date|time|slot"
            r"|carrier|courier)|which (?:carrier|courier)s? do you"),
        (6, r"deliver(?:y|ies)? on (?:saturdays?|sundays?|weekends?|holidays?)"),
    ),
    Intent.DELIVERY_TIME: (
        (8, r"how long (?:does|do|is|would|will) (?:the |a |an |your )?(?:delivery|shipping|postage"
            r"|express|standard|orders|it (?:usually|normally))\b.*"),
        (6, r"(?:delivery|shipping|dispatch|lead|processing) (?:times?|periods?|speeds?)\b"),
        (4, r"\b(?:usually|normally|typically|generally|on average|in general)\b"),
    ),
    Intent.RULES: (
        (6, r"\b(?:policy|policies|terms|warranty|guarantee|vouchers?|discount|coupon|promo"
            r"|gift (?:wrap\w*|cards?)|international|abroad|overseas|opening hours|customs)\b"),
    ),
    Intent.OFF_TOPIC: (
        (9, r"\b(?:newsletter|unsubscribe|mailing list|spam|subscription|membership|password"
            r"|log ?in|logged|sign in|(?<!on )my account|delete (?:my )?(?:account|data)"
            r"|two factor)\b"),
        (7, r"\b(?:weather|jokes?|poem|poetry|recipes?|cook|cooking|football|soccer|politic\w*"
            r"|president|capital of|python|javascript|translate|essay|homework|job|jobs|career"
            r"|vacancy|bitcoin|crypto|stock market|movie|music|song|sing|flight|hotel|taxi"
            r"|horoscope|lottery|girlfriend|boyfriend|meaning of life|world cup|election)\b"),
        (9, r"ignore (?:all|any|your|the|previous)\b.*\b(?:instruction|rule|prompt)s?"
            r"|system prompt|your (?:instructions|prompt|rules)|pretend (?:to be|you)|jailbreak"),
        (6, r"\b(?:in stock|restock|sell|recommend|dishwasher|compatible|better than"
            r"|available in)\b"),
    ),
}  # fmt: skip
