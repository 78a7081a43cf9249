"""The customer's words as plain ones: no slang, no contractions, no typing errors."""

import re
import unicodedata
from collections.abc import Iterable

from chat.llm.offline.wares import WARES

WORD = re.compile(r"#?[^\W_]+(?:[-'][^\W_]+)*", re.UNICODE)

# Written together, shortened or as chat slang.
PLAIN = {
    "wheres": "where is", "where's": "where is", "whats": "what is", "what's": "what is",
    "whens": "when is", "when's": "when is", "hows": "how is", "how's": "how is",
    "whos": "who is", "who's": "who is", "its": "it is", "it's": "it is", "thats": "that is",
    "that's": "that is", "im": "i am", "i'm": "i am", "ive": "i have", "i've": "i have",
    "i'd": "i would", "i'll": "i will", "you're": "you are",
    "they're": "they are", "there's": "there is", "theres": "there is", "it'll": "it will",
    "isnt": "is not", "wasnt": "was not", "arent": "are not", "werent": "were not",
    "hasnt": "has not", "havent": "have not", "hadnt": "had not", "didnt": "did not",
    "doesnt": "does not", "dont": "do not", "wont": "will not", "won't": "will not",
    "cant": "can not", "can't": "can not", "cannot": "can not", "couldnt": "could not",
    "wouldnt": "would not", "shouldnt": "should not", "ain't": "is not", "aint": "is not",
    "u": "you", "ur": "your", "r": "are", "y": "why", "n": "and", "pls": "please",
    "plz": "please", "plse": "please", "thx": "thanks", "thnx": "thanks", "thanx": "thanks",
    "tnx": "thanks", "ty": "thanks", "tysm": "thanks", "ta": "thanks", "thankyou": "thank you",
    "gonna": "going to", "wanna": "want to", "gotta": "have to", "gimme": "give me",
    "lemme": "let me", "wen": "when", "wat": "what", "wut": "what", "wer": "where",
    "wheer": "where", "dis": "this", "da": "the", "tha": "the", "teh": "the", "hte": "the",
    "2day": "today", "2moro": "tomorrow", "tmrw": "tomorrow", "tmr": "tomorrow",
    "tomoz": "tomorrow", "2nite": "tonight", "b4": "before", "pkg": "package",
    "pckg": "package", "ordr": "order", "orderd": "ordered", "addy": "address",
    "acct": "account", "cuz": "because", "bc": "because", "ppl": "people", "yh": "yes",
    "ye": "yes", "yea": "yes", "yeah": "yes", "yep": "yes", "yup": "yes", "ya": "yes",
    "nope": "no", "nah": "no", "k": "ok", "okay": "ok", "okey": "ok", "kk": "ok",
    "1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth",
    "smth": "something", "sth": "something", "neighbor": "neighbour",
    "neighbors": "neighbours", "colour": "color", "cancelation": "cancellation",
    "canceled": "cancelled", "canceling": "cancelling", "e-mail": "email", "dunno": "do not know",
}  # fmt: skip

STRETCHED = re.compile(r"([^\W\d_])\1{2,}")  # heyyyy
# Signs that stand for a word, or another sign.
SIGNS = str.maketrans(
    {
        "👍": " ok ",
        "👌": " ok ",
        "🙏": " thanks ",
        "❤": " thanks ",
        "😡": " angry ",
        "🤬": " angry ",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    }
)

# Common words that must not be taken for a misspelt word of ours ("there" is not "where").
COMMON = frozenset(
    re.findall(
        r"\w+",
        "able about above after again also always another anyone anything around asked away back "
        "because been before being below best better between border both bring call came card "
        "cause could damn does doing done down each early else even ever every everything "
        "father find fine first freaking from gave getting give given going gone good great "
        "half happy hard hate have having hear heck hell help here high hold holder hope hour "
        "house into just keep kept kind knew know known large last later latter least leave "
        "left less like line link little live long look looking lost love made mail make many "
        "matter maybe mean might mine more most much must name near need newer next nice none "
        "nothing often older once only open other over paid pain part past people perhaps place "
        "plain plan play please point possible present quick quite rather read really right "
        "room said same saw says seem seen shall should show side since some soon sound still "
        "such sure take "
        "taken talk tell than that their them then there these they thing think third this "
        "those though thought three through till time told took true turn under until upon used "
        "using very wait walk want warm week well went were what when where which while whole "
        "whose will with within without word work would write wrote year yesterday your yours",
    )
)


# Right as they are, near as they stand to a word of ours: "any chance" does not cancel. Unlike
# common words, they may be an article's.
NO_SLIPS = frozenset(
    re.findall(
        r"\w+",
        "apply begin blood brain broad butter chance charger cheese chose chosen clock cloud cold "
        "debt detail details expert factory fault fight fried include leaves level light listen "
        "lonely manage manger parent peace pleased police prison prize produce react refuse rice "
        "root shade shake shape share shock shopping skill slipping smell sock socks spill stick "
        "stiff term theirs theres thin trade trick wheel whether worker worse worth wound wrist",
    )
)

UNTOUCHED = COMMON | NO_SLIPS | WARES


class Speller:
    """Corrects one slip (a letter missing, added, wrong, or two swapped) towards known words."""

    def __init__(self, words: Iterable[str]) -> None:
        self.known = frozenset(words)
        self._slips: dict[str, str] = {}
        for word in sorted(self.known):
            if len(word) >= 5:
                for slip in _without_one_letter(word):
                    self._slips.setdefault(slip, word)

    def correct(self, word: str) -> str:
        """The word that was meant, or the word itself."""
        if word in self.known or word in UNTOUCHED or len(word) < 4 or not word.isalpha():
            return word
        if word[-1] == word[-2] and word[:-1] in self.known:
            return word[:-1]  # heyy
        if found := self._slips.get(word):
            return found
        if len(word) >= 5:
            for slip in (word, *_without_one_letter(word)):
                found = slip if slip in self.known else self._slips.get(slip, "")
                if found and len(found) >= 5 and found[0] == word[0]:
                    return found
        return word


def words_of(text: str) -> list[str]:
    """The words in lower case, slang and contractions resolved, without punctuation."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(SIGNS)
    text = STRETCHED.sub(r"\1\1", text.lower())
    found: list[str] = []
    for word in WORD.findall(text):
        plain = PLAIN.get(word) or PLAIN.get(word.replace("'", "")) or word.removesuffix("'s")
        found += plain.split()
    return found


def _without_one_letter(word: str) -> list[str]:
    """In order, so that of two words that may be meant the same one is found each time."""
    return [word[:at] + word[at + 1 :] for at in range(len(word))]
