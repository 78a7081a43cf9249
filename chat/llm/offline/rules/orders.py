"""What customers want of an order of theirs."""

from chat.llm.offline.intents import Intent

ORDER = (
    r"(?:orders?|parcels?|packages?|packets?|deliver(?:y|ies)|shipments?|items?|stuff|things?"
    r"|purchases?|goods|products?|articles?|box|letter)"
)

PHRASES: dict[Intent, tuple[tuple[int, str], ...]] = {
    Intent.STATUS: (
        (3, r"where (?:is|are|has|have|did|does|do|the|my|in|on|it|they)\b"),
        (2, rf"where\b.*\b{ORDER}"),
        (1, r"^(?:and )?where$"),
        (2, r"^(?:and |how about |what about )?now$"),
        (3, rf"(?:track|tracking|locate|find|trace|follow|check)\b.*\b{ORDER}"),
        (3, rf"{ORDER}\b.*\b(?:status|tracking|progress|whereabouts)"),
        (3, r"\b(?:status|whereabouts|progress|track|tracking)\b"),
        (3, r"where exactly|^(?:and |but )?why$|why (?:so|is it|are they)\b"),
        (3, r"^(?:is |are |was |why )?(?:it|they|this|that)? ?(?:so |too |very )?(?:late|delayed"
            r"|overdue)\b"),
        (3, r"(?:any|some) (?:news|update|sign|info|information)|updates? (?:on|about|for)"),
        (3, r"(?:is|are|has|have|did|was|were)\b.*\b(?:shipped|sent|left|dispatched|despatched"
            r"|gone out|on (?:its|the|it is|their) way|in transit|lost|stuck|packed)"),
        (3, r"(?:did|have|has) you (?:already )?(?:send|ship|post|sent|shipped"
            r"|posted)\b(?!.*\bback\b)"),
        (3, r"what is (?:wrong|the matter|the problem) with"),
        (2, rf"(?:lost|missing|stuck|delayed|late|overdue)\b.*\b{ORDER}"),
        (2, rf"{ORDER}\b.*\b(?:lost|missing|stuck|delayed|late|overdue)"),
        (2, r"still (?:waiting|not|no)|waiting (?:for|on)"),
        (3, rf"what (?:is|has|did)?\s?(?:happened|happening|going on|up)\b.*\b(?:{ORDER}|it)\b"),
        (3, rf"{ORDER}\b.*\b(?:not|never|no)\b.*\b(?:arrive|arrived|come|came|here|received"
            r"|shown)"),
        (3, rf"(?:not|never)\b.*\b(?:arrive|arrived|received|receive|got|get|gotten|had|seen)\b"
            rf".*\b{ORDER}"),
        (2, r"(?:not|never|nothing)(?: has| have)?(?: yet)? (?:arrived|come|came|received|got|here"
            r"|turned up|shown up)"),
        (1, rf"\b(?:my|the|an?|about|of) (?:\w+ )?{ORDER}"),
        (1, rf"^{ORDER}$"),
        (1, r"what about"),
        (2, r"how is\b.*\b(?:doing|coming)"),
        (3, r"who (?:delivers|is delivering|brings|is bringing|has)|(?:which|what) (?:carrier"
            r"|courier)"),
        (2, r"why (?:is|has|does|did|are)\b.*\b(?:long|late|slow|hold|held|not|waiting)"),
        (3, r"on hold\b"),
    ),
    Intent.WHEN: (
        (4, r"\bwhen\b"),
        (4, r"\b(?:eta|what (?:day|time|date))\b"),
        (4, r"how (?:long|soon|much longer|many days)\b.*\b(?:until|till|before|will|more|left"
            r"|arrive|arrives|wait|get|now|it|my)\b"),
        (4, r"how much longer|estimated (?:delivery|arrival)|(?:delivery|arrival) (?:date|time)"),
        (1, r"\b(?:arrive|arrives|arriving|arrival|come|comes|coming|be here|get here|be delivered"
            r"|expect|expected|receive|turn up|show up)\b"),
        (4, r"(?:come|coming|arrive|arriving|here|delivered|get|delivery|receive)\b.*"
            r"\b(?:today|tomorrow|tonight|this week|weekend|monday|tuesday|wednesday|thursday"
            r"|friday|saturday|sunday|christmas)\b"),
    ),
    Intent.LIST: (
        (5, r"(?:list|show|see|display|view|give)\b.*\b(?:orders|purchases)\b"),
        (5, r"(?:what|which)\b.*\borders\b.*\b(?:have|do|did|are)\b|what are my orders"),
        (5, r"(?:all|any|open|past|previous|recent|latest|last few|old|other) (?:of )?(?:my )?"
            r"(?:orders|purchases)"),
        (5, r"order history|how many orders|my orders$|orders of mine|overview"),
        (5, r"what (?:did|have|had) i (?:just |recently |ever )?(?:order|ordered|buy|bought"
            r"|purchased)"),
        (3, r"\b(?:my )?orders$"),
        (9, r"^(?:do i have |have i |is |are )?(?:anything|something|which of (?:my|the|them)"
            r"|what is"
            r" (?:still )?(?:coming|arriving|due|late|open|missing))\b.*(?:\b(?:coming|arriving"
            r"|due|late"
            r"|delayed|overdue|open|on (?:its|the) way|today|tomorrow|this week)\b)"),
    ),
    Intent.CONTENTS: (
        (5, r"(?:which|what) (?:order|parcel|package|box) (?:is|are|has|have|was|were|did|contains"
            r"|holds)\b"),
        (5, r"when (?:did|have) i (?:order|ordered|buy|bought|purchase|purchased)\b"),
        (5, r"what (?:is|was|are|were) (?:in|inside)\b|contents"),
        (5, rf"(?:is|are|was|were)\b.*\b(?:in|inside|part of|included in)\b.*\b{ORDER}"),
        (4, r"^how many (?!days|weeks|hours|times|orders)|did i (?:order|buy|get)\b"
            r"|how many\b.*\b(?:did i|have i|are)\b"),
        (5, r"(?:what|which) (?:articles|items|things|products)\b"),
        (4, r"how much (?:was|were|is|are|do|does|did)\b.*\b(?:order|cost|total|it|pay)\b"
            r"|total (?:of|for) my"),
    ),
    Intent.NOT_RECEIVED: (
        (6, r"(?:says?|said|saying|shows?|shown|showing|marked|states?|claims?|tells?|listed|status"
            r"|apparently|supposedly|allegedly|according)\b.*\bdelivered"),
        (6, r"delivered\b.*\b(?:but|yet|and|however|not|never|nothing|nowhere|no one|nobody)\b.*"
            r"\b(?:not|never|nothing|nowhere|no|where|gone|empty|missing|find|received|get|got"
            r"|have)"),
        (5, r"(?:not|never) (?:actually |really )?(?:received|got|get|gotten|had|here|find|found)\b"
            r".*\bdelivered"),
        (5, r"\b(?:stolen|theft|thief|porch)\b"),
        (6, r"neighbou?rs?\b.*\b(?:not|never|nothing|no|holiday|away|gone|unknown)\b|\b(?:do|does"
            r"|did) not"
            r" have (?:it|them|the parcel|my parcel|the package|my package)\b"),
        (5, r"left (?:it |them )?(?:with|at)\b|(?:looked|searched|checked) (?:everywhere|there"
            r"|all|it)"),
        (4, r"which neighbou?r|neighbou?rs? (?:do|does|did|has|have|say|know)"),
        (4, r"who (?:took|signed|accepted|has)\b|where (?:was|did)\b.*\b(?:left|leave|put)\b"),
        (5, r"(?:can not|could not|not|never) (?:find|found|see) (?:it|the parcel|my parcel"
            r"|the package|my package)"),
    ),
    Intent.ADDRESS: (
        (7, r"(?:change|changed|changing|update|edit|correct|modify|alter|fix|amend|replace|switch"
            r"|wrong|new|different|another|other|old|incorrect|incomplete)\b.*\baddress"),
        (7, r"address\b.*\b(?:wrong|change|changed|update|incorrect|incomplete|old|moved|typo"
            r"|mistake|different|missing)"),
        (6, r"(?:send|deliver|ship|redirect|reroute|forward|route)\b.*\b(?:to|at) (?:a |an |my |the"
            r" )?(?:different|another|new|other|work|office|parents|mum|mom|friend|friends|sister"
            r"|brother|neighbour|somewhere)"),
        (6, r"\b(?:moved|moving|move) (?:house|home|flat|apartment|away|out|to)"
            r"|i (?:have )?(?:just )?moved|i am moving"),
        (6, r"(?:wrong|missing|forgot|incorrect)\b.*\b(?:street|house number|flat number|zip"
            r"|postcode|postal code|apartment|city)"),
        (6, r"house number\b.*\b(?:wrong|missing|incorrect|incomplete)"),
        (5, r"(?:leave|drop) (?:it|them|the parcel|my parcel)\b|pick (?:it |them )?up"
            r"|not be (?:at )?(?:home|in|there)|not at home|different day|another day"),
        (6, r"(?:change|move|postpone|reschedule|rearrange|redeliver)\w*\b.*\b(?:day|date|time"
            r"|slot|delivery|redelivery)\b|\bredeliver\w*|not (?:be )?(?:at )?(?:home|in)\b"),
        (5, r"\b(?:house|flat|street|door|apartment) (?:number|name|no)\b"),
        (4, r"\b\w*(?:straße|strasse|street|str|road|avenue|lane|weg|platz|allee) \d"),
        (3, r"\baddress\b"),
        (4, r"\b(?:reroute|redirect)\b"),
    ),
    Intent.CANCEL: (
        (6, r"\bcancel(?:led|ling|lation|s)?\b"),
        (6, r"(?:do not|no longer) (?:want|need) (?:it|them|the|my|this|that)\b"),
        (5, r"(?:call|calling) off|(?:stop|abort|undo|revoke|withdraw)\b.*\b(?:order|purchase)"),
        (5, r"changed my mind|by (?:mistake|accident)|accidentally|ordered (?:it |this )?twice"),
    ),
    Intent.CANCEL_RULE: (
        (14, r"cancell?ation (?:policy|policies|fees?|charges?|costs?|terms|rules?|periods?"
             r"|deadline|conditions?|window|rights?|penalt\w*|process|procedure)\b"),
        (14, r"(?:fees?|costs?|charges?|charged|penalt\w*|deadline|how much|how late|until when)\b"
             r".*\bcancel"),
        (14, r"cancel\w*\b.*\b(?:fees?|costs?|charges?|charged|penalt\w*|for free|anything)\b"),
        (14, r"(?:what happens|how long)\b.*\bcancel\w*"),
    ),
    Intent.ADDRESS_BOOK: (
        (20, r"address book|(?:saved|stored|default|standard|registered|account) (?:\w+ )?address"),
        (20, r"address\w*\b.*\b(?:account|profile|settings)\b"
             r"|(?:account|profile)\b.*\baddress"),
        (20, r"(?:set(?:ting)? up|add|adding|create|creating|save|saving|register|store|enter)\b"
             r"(?:(?!\border\b).)*\baddress"),
    ),
    Intent.CHANGE: (
        (6, r"add\b.*\bto (?:my|the|this|that) order|(?:change|edit|modify|swap) (?:my|the|this|an)"
            r" (?:order|size|color|quantity|item|article)|add (?:another|one more|something)"),
    ),
    Intent.REFUND_STATUS: (
        (9, r"(?:where|when|status|still|waiting|received|got|check)\b"
            r"(?!.*\b(?:transfer|pay|send)\b).*\b(?:my |the |a )(?:refund|money back|money)\b"),
        (7, r"^(?:and |what about |about )?my (?:refund|money)\b"),
        (9, r"(?:refund|money)\b.*\b(?:arrive|arrived|come|coming|status|yet|received|processed"
            r"|when|issued|still|pending|long)"),
        (9, r"(?:have|has|was|were|did|am|is|are|been)\b.*\brefunded\b"),
        (9, r"(?:did|have|has|when)\b.*\b(?:get|got|gotten|receive|received|arrive|arrived)\b.*"
            r"\b(?:my|the) return\b|(?:my|the) return (?:arrive|arrived|reach|reached)\b"),
        (9, r"pa(?:id|y) (?:me |it )?back"),
        (9, r"how (?:long|many days)\b.*\brefund"),
        (6, r"did\b.*\b(?:refund)\b|(?:not|never) (?:been )?refunded"),
    ),
    Intent.PAYMENT_STATUS: (
        (9, r"(?:did|has|have|was|is|were)\b.*\b(?:paid|payment (?:go|gone|went|been|arrive|come)"
            r"|payment)\b.*\b(?:through|received|arrived|yet|ok|paid|order|accepted|work|worked"
            r"|it)"),
        (9, r"(?:received|got)\b.*\b(?:transfer|payment)\b"),
        (9, r"(?:is|was|are)\b.*\bpaid\b|have i paid|already paid|did i pay|was i charged"),
        (8, r"(?:charged|debited|billed|paid)\b.*\b(?:twice|double|two times|too much|wrong)"
            r"|double charge|overcharged"),
        (7, r"payment (?:failed|declined|rejected|pending|status|error|problem|issue|refused)"
            r"|card (?:was )?(?:declined|rejected|refused)"),
    ),
}  # fmt: skip
