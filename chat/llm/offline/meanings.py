"""Words of one meaning, so that a phrase learnt with one is known with the others.

A word has one meaning only; where it has several ("delivery") it stands for itself. Below the
shop's come the world's: what shops are not asked about, and by which a message with our words
("cancel my gym") shows that it is not for us.
"""

from chat.llm.offline.wares import WARES

SHOP = {
    "order": "order orders purchase purchases ordering buy bought purchased ordered",
    "goods": "item items article articles product products goods stuff thing things merchandise",
    "parcel": "parcel parcels package packages packet packets shipment shipments box boxes"
              " consignment",
    "change": "change changes changed changing modify modified modifying modification"
              " modifications alter altering edit edited editing update updated updating amend"
              " amending amended amendment switch switching switched correct correcting corrected"
              " correction corrections fix adjust adjusting revise replace rectify redo",
    "cancel": "cancel cancelled cancelling cancellation cancellations cancels void voided revoke"
              " revoked abort aborted scrap annul terminate rescind undo nix withdraw withdrawal"
              " retract cxl",
    "return": "return returns returned returning returnable rma",
    "swap": "exchange exchanging swap swapping exchanged exchanges",
    "refund": "refund refunds refunded refunding refundable reimburse reimbursed reimbursing"
              " reimbursement reimbursements rebate rebates compensation compensate compensated"
              " repay repaid repayment restitution chargeback",
    "address": "address addresses destination street postcode zip zipcode postal apartment pincode",
    "person": "human humans agent agents representative representatives rep reps operator"
              " operators person advisor adviser advisors employee manager supervisor colleague"
              " colleagues specialist someone somebody staff clerk assistant consultant anyone",
    "contact": "talk talking speak speaking chat chatting call calling phone telephone ring contact"
               " contacting reach connect hotline helpline callback",
    "complain": "complain complaint complaints complaining grievance grievances dissatisfied"
                " dissatisfaction unhappy displeased",
    "anger": "ridiculous unacceptable worst terrible awful disappointed disappointing"
             " disappointment angry rubbish scam useless disgusting disgusted horrible furious"
             " pathetic appalling appalled shameful annoyed annoying frustrated frustrating"
             " frustration outrageous rude unfriendly incompetent crap dreadful disgrace"
             " disgraceful horrendous atrocious lousy shoddy abysmal unprofessional liars livid"
             " scammers outraged fuming",
    "pay": "pay paying payment payments paid pays checkout transaction transactions",
    "card": "card cards visa mastercard amex paypal klarna cash cheque wallet iban sepa debit",
    "charge": "charge charged charges charging billed debited overcharged deducted",
    "invoice": "invoice invoices invoicing bill bills receipt receipts vat",
    "track": "track tracking trace tracing locate locating whereabouts status progress tracked",
    "arrive": "arrive arrives arrived arriving arrival come comes coming came get gets"
              " receive received receiving receives",
    "deliver": "deliver delivers delivered delivering delivery deliveries",
    "ship": "ship ships shipped shipping send sends sending sent dispatch dispatched despatched"
            " post posted postage mailed",
    "carrier": "carrier carriers courier couriers dhl dpd ups gls hermes fedex usps driver"
               " drivers postman",
    "options": "options option methods method ways possibilities choices alternatives types"
               " kinds modes choice selection forms",
    "long": "eta soon long times timeframe duration estimate estimated expected expect wait"
            " waiting",
    "cost": "cost costs price prices fee fees free expensive cheap penalty",
    "help": "help helping assist assistance assisting aid support",
    "look": "check checking see view show know learn inform find display verify ask information"
            " info details",
    "late": "late delayed delay overdue stuck lost slow",
    "broken": "broken broke damaged damage cracked crack defective faulty smashed shattered dented"
              " scratched leaking leaks bent ruined torn defect",
}  # fmt: skip

WORLD = {
    "travel": "flight flights airport airline plane hotel hotels trip travel vacation holiday visa"
              " passport luggage suitcase train trains taxi uber cab rental motel cruise airbnb"
              " boarding itinerary tourist sightseeing beach museum ticket tickets timezone",
    "money": "bank banking savings checking mortgage loan loans salary paycheck taxes tax insurance"
             " pension investment stocks shares bitcoin crypto dollars euros exchange-rate balance"
             " overdraft apr 401k credit-score payday income budget spending transactions rent",
    "food": "recipe recipes cook cooking bake baking restaurant restaurants pizza burger dinner"
            " lunch breakfast meal meals calories nutrition ingredient ingredients chicken pasta"
            " soup salad cake bread vegan protein carbs sushi bake boil eggs",
    "weather": "weather rain raining snow sunny forecast temperature umbrella humidity storm",
    "media": "movie movies film films song songs music playlist album band singer actor actress"
             " series episode netflix spotify youtube radio podcast lyrics guitar piano sing"
             " concert novel",
    "game": "football soccer basketball tennis olympics league match score team player game games"
            " chess poker lottery dice coin flip world-cup quiz trivia riddle riddles",
    "joke": "joke jokes funny poem poems story stories rap haiku limerick fairy",
    "school": "homework essay math maths equation algebra calculate multiply divided plus minus"
              " square root history science physics chemistry biology geography grammar synonym"
              " antonym translate translation spell spelling definition define exam university"
              " college teacher thesis",
    "fact": "planet planets moon earth sun galaxy capital country countries president minister king"
            " queen population mountain ocean river war century dinosaur dinosaurs animal animals"
            " universe inventor invented continent kingdom religion god philosophy",
    "health": "doctor dentist hospital medicine headache pills sleep diet workout exercise gym yoga"
              " pregnant symptoms vaccine weight therapist fever pain sick flu blood",
    "code": "python javascript java code coding programming function algorithm html css sql linux"
            " windows software bug excel spreadsheet regex script app wifi router bluetooth"
            " computer laptop printer browser",
    "diary": "alarm reminder remind calendar meeting appointment schedule todo"
             " shopping-list birthday wedding anniversary",
    "home": "car cars tire tires oil gas petrol engine mechanic battery lights thermostat kitchen"
            " garden dog cat cats dogs pet pets plant plants baby kids vet lawn",
    "work": "job jobs career vacancy vacancies interview resume cv internship hiring salary boss"
            " promotion pto apply",
    "self": "chatgpt alexa siri google openai prompt instructions jailbreak roleplay pretend",
    "letters": "newsletter newsletters unsubscribe subscribe subscription subscriptions mailing"
               " spam marketing membership",
    "login": "password passwords login log-in username signup registration register sign-up"
             " authentication pin",
    "people": "girlfriend boyfriend wife husband mother father mum mom dad brother sister friend"
              " grandma love marry date dating",
    "speech": "speech lecture sermon verdict verdicts toast pronounce language french spanish"
              " german italian japanese chinese russian",
    "politics": "election elections politics political vote government parliament senate congress"
                " party democracy law lawyer court police",
}  # fmt: skip

MEANING = {
    **{word: meaning for meaning, words in WORLD.items() for word in words.split()},
    **dict.fromkeys(WARES, "ware"),
    **{word: meaning for meaning, words in SHOP.items() for word in words.split()},
}
