"""Persons, complaints and small talk."""

from chat.llm.offline.intents import Intent

PHRASES: dict[Intent, tuple[tuple[int, str], ...]] = {
    Intent.PERSON: (
        (8, r"(?:talk|speak|chat|connect|transfer|contact|reach|call|put|pass|get|give|let|want"
            r"|need|like|is there|switch|any|could|can|ask)\b.*\b(?:human|person|agent"
            r"|representative"
            r"|(?:someone|somebody)(?! else)|colleague|operator|supervisor|manager|staff|employee"
            r"|advisor"
            r"|real (?:one|people)|support team|customer (?:service|support|care))\b"),
        (7, r"\b(?:real|actual|living) (?:human|person|people|agent)|human (?:please|being|agent)"
            r"|^(?:a )?(?:human|person|agent|representative|operator|staff)\b"),
        (6, r"\b(?:phone number|hotline|call me|ring me|call you|email you|contact (?:you|number"
            r"|details))\b"),
        (6, r"\bmy (?:tel|telephone|phone|mobile|cell)\b"),
        (8, r"(?:when|how long)\b.*\b(?:they|someone|somebody|colleagues?|person|staff|you)\b.*"
            r"\b(?:answer|reply|respond|call|write|get back)\b"),
        (9, r"not (?:want to )?cancel\b"),
        (8, r"not\b.*\b(?:bot|robot|machine|computer)\b"),
        (6, r"(?:stupid|useless|dumb) (?:bot|robot|machine)"),
        (3, r"\b(?:human|agent|representative|customer (?:service|support|care))\b"),
    ),
    Intent.COMPLAINT: (
        (3, r"\b(?:complain|complaint|complaining)\b"),
        (2, r"\b(?:ridiculous|unacceptable|worst|terrible|awful|disappoint\w*|angry|fed up|rubbish"
            r"|scam|useless|disgust\w*|horrible|furious|pathetic|appalling|shame|annoyed|annoying"
            r"|frustrat\w*|outrageous|fuck\w*|shit\w*|damn|bloody|crap|bullshit|wtf|sick of"
            r"|rude|unfriendly|idiots?|unhappy|upset|not happy|bad service|poor service"
            r"|incompetent|joke of)\b"),
    ),
    Intent.CAPABILITIES: (
        (5, r"what (?:can|could|do) you (?:do|help)|how (?:can|could) you help|what are you for"),
        (3, r"\bhelp$|^help\b|can you help|need (?:some )?help|help me$"),
    ),
    Intent.IDENTITY: (
        (7, r"are you (?:a |an |really |even )*(?:bot|robot|human|real|ai|machine|person|computer"
            r"|chatbot|chatgpt)|who (?:are you|am i (?:talking|speaking|chatting))|your name"
            r"|am i (?:talking|speaking|chatting)"),
    ),
    Intent.GREETING: (
        (1, r"\b(?:hi|hii|hello|hey|heya|hiya|howdy|greetings|yo|good (?:morning|afternoon|evening"
            r"|day)|^morning|^evening|^dear)\b"),
        (1, r"how are you|how is it going"),
    ),
    Intent.THANKS: (
        (1, r"\b(?:thanks?|cheers|appreciate\w*|grateful|perfect|awesome|brilliant|lovely|wonderful"
            r"|great|amazing|excellent|super|cool|nice|good to know|^got it|you are the best)\b"),
    ),
    Intent.BYE: (
        (2, r"\b(?:bye|goodbye|good bye|see you|see ya|cya|good night|take care|have a (?:nice|good"
            r"|great))\b|that (?:is|was|will be) (?:all|it|everything)$|nothing else"),
    ),
    Intent.YES: (
        (1, r"^(?:yes|sure|ok|please do|please|yes please|of course|go ahead|do it|do that"
            r"|that would be|correct|right|exactly|definitely|absolutely|indeed|fine)\b"),
    ),
    Intent.NO: ((1, r"^(?:no|not now|never mind|nevermind|no need|not really|leave it"
            r"|forget (?:it|about it)"
                    r"|stop|none of (?:them|these|those)|neither)\b"),),
}  # fmt: skip
