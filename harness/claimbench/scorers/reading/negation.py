"""Which labels of a sentence are said not to be the answer, in the languages of the tests."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from claimbench.scorers.reading.words import WEAK, Words, loose_words

Span = tuple[int, int, str]


def _of(words: str) -> str:
    return "|".join(re.escape(word.replace("_", " ")) for word in words.split())


# Written loosely: without case, every sign a blank (don't -> don t).
_BEFORE = _of(
    # en de nl
    "not never neither nor don_t isn_t won_t can_t"
    " cannot anything_but"
    " everything_but all_but every_label_but every_category_but all_labels_but"
    " all_categories_but any_label_but"
    " everyone_but all_of_them_but all_options_but far_from no nothing_to_do_with"
    " rules_out rule_out ruled_out ruling_out excludes exclude excluding hardly"
    " dont doesnt isnt unlike without"
    " nicht kein keine keinen keinem keiner keines nie niemals weder noch alles_andere_als"
    " niet geen nooit noch"
    # fr es it pt
    " pas ni jamais aucun aucune tout_sauf"
    " no nunca tampoco jamás ni todo_menos cualquier_cosa_menos"
    " non né mai nessun nessuna tutt_altro_che tutto_tranne"
    " não nem nunca nenhum nenhuma tudo_menos qualquer_coisa_menos"
    # ru uk pl tr vi id sv da
    " не ни никак_не нет без ні nie bez"
    " ani ani_nie không không_phải chẳng_phải bukan tidak inte ikke"
    # fi et cs sk hr ro sw eu ka mn lt lv hu
    " ei eivät ei_ole není nejde nejsou nije nisu nu_este nu_e nu_sunt sio siyo არ არა nėra nem"
    # el
    " όχι οχι δεν δε μην ούτε ουτε ποτέ"
    # ar fa he hi
    " ليس ليست ليسوا لا غير لم لن وليس وليست ولا بدون ולא לא אינו אינה אין איננו איננה נה نه"
    " नहीं न मत"
)
_BEHIND = frozenset({"नहीं", "नही", "न"})
"""Negating words that follow what they negate."""
_INSTEAD = _of(
    "rather_than instead_of other_than except except_for as_opposed_to but_not anstatt statt"
    " anstelle_von außer ausser in_plaats_van plutôt_que au_lieu_de sauf"
    " en_lugar_de en_vez_de salvo excepto más_que antes_que anziché piuttosto_che invece_di tranne"
    " em_vez_de ao_invés_de exceto вместо кроме а_не zamiast thay_vì bukannya"
    " بدلا_من بدلاً_من عوضا_عن במקום"
)
_UNSPACED_BEFORE = (
    "与其说是|與其說是|与其说|與其說|与其|與其|不是|並非|并非|而非|绝非|絕非|绝不|絕不|并不|並不|不属于|不屬於|不应|不應|不该|不該|不算|不像|不会是|不會是|不可能"
    "|没有|沒有|排除|除了|ไม่ใช่|มิใช่|ไม่ได้|ไม่เกี่ยวกับ|ไม่อยู่ใน|ไม่เป็น|ไม่|ບໍ່ແມ່ນ|មិនមែន|မဟုတ်"
)
_BUT = _of(
    "but rather however instead thus therefore hence sondern aber stattdessen daher"
    " maar mais plutôt donc sino pero más_bien bensì però quindi mas sim portanto а но однако"
    " ale lecz mà nhưng melainkan tetapi بل ولكن لكن إنما אלא אבל बल्कि लेकिन परंतु"
    " utan αλλά αλλα vaan بلکه hanem"
)
_UNSPACED_BUT = "不如说是|不如說是|不如|毋宁|毋寧|而是|但是|但|应该是|應該是|แต่เป็น|แต่|หากแต่|ແຕ່"
_NOT_NEGATING = re.compile(
    r"(?<!\w)(?:all but (?:certain\w*|sure|confirmed|guaranteed|definitely)|not (?:only|just"
    r"|merely|to mention)|no (?:doubt|question|other than|further)"
    r"|nothing but|none other than|without (?:a |any )?(?:doubt|question)|not without|nicht nur"
    r"|kein zweifel|zweifellos|ohne (?:jeden )?zweifel|sans (?:aucun )?doute|no solo|no sólo"
    r"|sin duda|non solo|senza dubbio|não só|não apenas|sem dúvida|не только|нет сомнений"
    r"|mai degrabă|mai mult|mai bine|mai curând"
    r"|niet alleen|nie tylko|ليس فقط|לא רק|न केवल)(?!\w)"
    r"|不仅|不但|不仅仅|毫无疑问|没有疑问|ไม่เพียง|ไม่ต้องสงสัย"
)
_NEGATES = re.compile(rf"(?<!\w)(?:{_BEFORE}|[a-z]{{2,6}}n t)(?!\w)|{_UNSPACED_BEFORE}")
_REPLACES = re.compile(rf"(?<!\w)(?:{_INSTEAD})(?!\w)")
_RATHER = re.compile(
    r"(?<!\w)(?:rather|more|closer|better|sooner|mehr|näher|eher|lieber|vielmehr|plus|plutôt"
    r"|davantage"
    r"|mieux|más|mejor|più|meglio|piuttosto|mais|antes|melhor|meer|eerder|liever|beter|mer|snarare"
    r"|hellre|mere|snarere|heller|bardziej|raczej|lepiej|więcej|spíše|spíš|více|radšej|skôr|viac"
    r"|скорее|больше|более|лучше|ближе|радше|скоріше|більше|краще|по скоро|повече|radije|više"
    r"|prije"
    r"|inkább|jobban|mai|pigem|rohkem|pikemminkin|pikemmin|enemmän|μαλλον|περισσοτερο|labiau"
    r"|vairāk)"
    r" (?=\S)[^\n]{1,60}? (?P<than>than|als|que|che|do que|dan|än|end|enn|niż|aniżeli|než|ako"
    r"|чем|нежели|ніж|аніж|отколкото|nego|mint|decât|kui|kuin|παρα|απο|nei|negu|nekā)(?!\w)"
    r"|(?<!\w)(?:prefer|favou?r|choose|pick)\w* [^\n]{1,40}? (?P<to>to|over)(?!\w)"
)
"""What compares two labels, of which the second is not meant: plutôt A que B."""
_THAN = re.compile(
    r" ?(?:(?:is|fits|seems|sounds|looks|feels) )?(?:a )?(?:(?:much|far|clearly|way|rather|bien"
    r"|viel|molto|mucho|гораздо) )?(?:more than|(?:better|closer|likelier|more \w+)(?: fit"
    r"| match| choice| option)? than|over"
    r"|ahead of"
    r"|mehr als|plus que|più che|mais que|mais do que|meer dan|больше чем|hơn là|hơn|daripada"
    r"|lebih dari|أكثر من|اكثر من|יותר מאשר|יותר מ|بیش از|มากกว่า|多于|胜过|勝過)"
    r"(?: (?:the|a|an|la|le|les|el|los|die|der|das|il|o))? ?"
)
"""What does so between them: A more than B."""
_CONTRAST = re.compile(rf"(?<!\w)(?:{_BUT})(?!\w)|{_UNSPACED_BUT}")
_AFTER = re.compile(
    r" ?(?:team|label|category|class|option|answer|choice)?"
    r"(?: (?:is|are|was|does|do|did|can|could|would|should|will|seems?|looks?|isn|doesn|wasn"
    r"|can))?"
    r"(?: (?:clearly|certainly|definitely|be|really))?"
    r" (?:not|t|cannot|never|wrong|incorrect|ruled out|excluded|does not apply|ist (?:es )?nicht"
    r"|(?:ist|sind) (?:hier |beide |alle )?falsch|trifft nicht|scheidet aus|n est pas|(?:est"
    r"|sont) (?:toutes |tous )?(?:faux|fausses?|incorrectes?)"
    r"|(?:es|son) (?:falsas?|incorrect[ao]s?)|(?:é|são) (?:fals[ao]s?|incorret[ao]s?|errad[ao]s?)"
    r"|(?:è|sono) (?:sbagliat[aoei]|errat[aoei]|fals[aoei])"
    r"|ne convient pas|no es|non è|não é|не подходит"
    r"|неверно|değil|değildir)(?!\w)"
    r"|[」』\"]? ?(?:という)?より[もは]?(?![多少小大])"
    r"|(?:이?라기)?보다는?(?= )| से (?:ज़्यादा|ज्यादा|अधिक|बढ़कर)(?!\w)"
    r"|[」』\"]? ?(?:で(?:は|も)|じゃ)(?:ない|な[いく]|ありません)"
    r"|(?:은|는|이|가)? ?(?:아니|아닙|아닌|아님)"
    r"| (?:(?:है|था) )?(?:(?:बिल्कुल|बिलकुल|कतई|निश्चित रूप से|से संबंधित) )?(?:नहीं|नही)(?=\Z| )"
    r"| ?(?:نیست|نہیں|নয়|இல்லை|அல்ல|కాదు|ಅಲ್ಲ|അല്ല|નથી|नाही|होइन|ਨਹੀਂ|නොවේ|නැත|மாட்டாது)|ではな"
    r"| ?(?:မဟုတ်|አይደለም|биш(?!\w))"
    r"|(?:では|じゃ)?(?:あり得|ありえ|有り得)(?:ない|ません)|(?:일|이라는)? ?리(?:가)? ?없"
    r"| (?:हो )?(?:ही )?नहीं (?:हो )?सकत\w*| (?:olmad[ıi][ğg][ıi](?:na)?|hay[ıi]r)(?!\w)"
    r"| (?:kategorisi|kategori|sınıfı|etiketi|konusu|türü|ile ilgili) değil(?:dir)?(?!\w)"
    r"|は(?:誤り|間違い|不正解|違)|[にとは]?(?:無関係|关係ありません|関係ありません|関係ない|以外)"
    r"|(?:无关|無關|以外|之外)"
    r"|(?: ?대신| ?말고| ?외에|과 무관| 와 무관)"
    r"| (?:के|की|के) (?:बजाय|बदले|अलावा)(?!\w)| yerine(?!\w)| (?:कोई )?नहीं(?!\w)"
)  # fmt: skip

_LISTED = re.compile(
    r" (?:(?:and|or|nor|und|oder|et|ou|y|o|e|и|или|och|og|en|of|i|lub|ve|veya|和|或|と|와|과) )?"
    r"(?:option |answer |choice )?"
)
_WRONG = re.compile(
    r" (?:(?:are|is|were|can|could|sind|ist|son|sont|sono|são|zijn) )?(?:all |both |clearly "
    r"|obviously )*"
    r"(?:not|wrong|incorrect|false|ruled out|excluded|falsch|faux|fausses|incorrect\w*|falsas"
    r"|errate"
    r"|sbagliate|erradas|неверны|неправильны|fout|błędne)(?!\w)| ?(?:都|均)?(?:是)?(?:错|錯"
    r"|不对|不對|不正确)"
    r"|は?(?:間違い|誤り|不正解)|는? ?(?:틀렸|오답)"
)

_FALSE = (
    r"wrong|incorrect|false|untrue|invalid|mistaken|ruled out|(?:un|in)accurate"
    r"|falsch\w*|unzutreffend|inkorrekt|ausgeschlossen|faux|fausses?|incorrecte?s?|erronée?s?"
    r"|exclue?s?"
    r"|fals[oa]s?|incorrect[oa]s?|erróne[oa]s?|equivocad[oa]s?|descartad[oa]s?|errad[oa]s?"
    r"|incorret[oa]s?"
    r"|sbagliat[oaei]|errat[oaei]|fals[oaei]|fout|onjuist|incorrect|fel|felaktig\w*|forkert\w*"
    r"|feil|galt"
    r"|невер(?:ен|н\w+)|неправил(?:ен|ьн\w+)|ошибоч(?:ен|н\w+)|неправилн\w+|грешн\w+|невірн\w+"
    r"|хибн\w+"
    r"|błędn\w+|niepoprawn\w+|nieprawidłow\w+|zły|zła|złe|špatn\w+|nesprávn\w+|chybn\w+|pogreš\w+"
    r"|netočn\w+|yanl[ıi]ş\w*|hatal[ıi]|rossz|hibás|helytelen|väärä\w*|väärin|vale|greșit\w*"
    r"|incorect\w*"
    r"|λαθοσ|λανθασμεν\w*|εσφαλμεν\w*|(?:si|sio|siyo) (?:sahihi|jibu)"
    r"|sai|salah|keliru|गलत|ग़लत|خطأ|خاطئ\w*|غلط|שגוי\w*|לא נכון"
)
_FOLLY = (
    r"(?:common |typical |popular |classic |plausible )?(?:mistake|error|distractor"
    r"|misconception|trap"
    r"|decoy|wrong answer|red herring|fallacy)|(?:einen? )?(?:fehler|irrtum|ablenkung)"
    r"|(?:falsche antwort|mauvaise réponse|respuesta incorrecta|resposta errada|risposta sbagliata"
    r"|erreur|error|errore|erro|ошибка|błąd|chyba|hata)"
)
_COPULA = (
    "is|are|was|were|would be|must be|can be|could be|should be|has been|have been|seems?|looks?"
    "|ist|sind"
    "|war|est|sont|es|son|está|é|são|è|sono|zijn|är|er|jest|je|este|είναι|ειναι|это|adalah|là|on"
    "|הוא|היא|هو|هي"
)
_REJECTED = re.compile(
    r" (?:can|could|should|must|may) (?:\w+ )?be (?:ruled out|eliminated|rejected|discarded"
    r"|excluded"
    r"|crossed out|dismissed)(?!\w)"
    rf"| (?:{_COPULA}) (?:(?:clearly|just|also|only|probably|very|highly|most|a|an|the|ein|eine"
    rf"|une?|un|uno"
    rf"|una|um|uma|en|et) )*(?:{_FOLLY}|unlikely|implausible|impossible|ruled out"
    rf"|eliminated)(?!\w)"
    rf"|(?: (?:option|answer|choice|antwort|ответ|вариант))?(?: (?:{_COPULA}))"
    r"(?: (?:clearly|certainly"
    r"|definitely|obviously|also|therefore|thus|probably|a|an|the|ein|eine|une?|un|uno|una|um|uma|en"
    rf"|et))* (?:{_FALSE})(?!\w)"
    rf"| (?:{_FALSE})(?!\w)(?! (?!है|हैं)\w)"
    r"|[」』\"]? ?(?:この)?[はも]?(?:誤り|間違い|間違って|不正解|違います|違う)"
    r"|(?:显然|顯然)?(?:是|都)?(?:错|錯|不对|不對|不正确|不正確|误|誤答|干扰项|干擾項)(?!过|過)"
    r"|(?:은|는|이|가)? ?(?:틀렸|틀린|틀립|오답|잘못)| ?(?:เป็นคำตอบที่)?(?:ผิด|ไม่ถูก)"
    r"|だとは?(?:思いません|思わない|思えない|考えられない|考えません|考えない)"
    r"|(?:이?라고|이?라고는) (?:생각하지|보지|믿지) 않"
    r"| olduğunu (?:sanm[ıi]yorum|düşünmüyorum)| olamaz(?!\w)"
)
"""What follows a value or a label that is wrong: B is false, 42 ist falsch, Bは間違い."""
_FILL = (
    r"(?:think|believe|suppose|feel|say|consider|claim|that|the|this|it|its|s|right|correct|true"
    r"|true answer"
    r"|answer|result|value|number|option|choice|letter|is|was|be|been|have|are|would|should"
    r"|could|can"
    r"|actually|really|possibly|equals?|equal to|to|a|an|exactly|just|simply|both|either"
    r"|dass|daß|es|das|die|der|den|richtige|antwort|ist|sein|kann|am|vom"
    r"|que|qu|ce|c|soit|sea|seja|sia|est|la|le|el|il|lo|los|de|réponse|respuesta|resposta"
    r"|risposta|et"
    r"|creo|pienso|pense|crois|acho|creio|penso|credo|es|son|é|è|sono|é a|che"
    r"|dat|het|is|что|это|думаю|ответ|считаю|е|це|że|to|jest|sądzę|myślę|si|že|je|da|de|att|det"
    r"|är|at|er"
    r"|hiszem|hogy|cred|că|este|e|νομίζω|νομιζω|ότι|οτι|είναι|ειναι|το|olduğunu|là|nghĩ|đáp án"
    r"|rằng|yakin|itu"
    r"|أعتقد|اعتقد|أن|ان|أنه|انه|הוא|חושב|חושבת|שזה|ש|זה|է|është|és|да|же|on|ole)"
)
_DENIES = re.compile(
    rf"(?<!\w)(?:(?P<word>{_BEFORE}|nav|nu cred|nuk|ekki|ikkje|ez|nid|все кроме)|[a-z]{{2,6}}n t"
    rf"|{_INSTEAD}|kromě"
    r"|refuse to say|refuse to answer|unlikely|nemyslím)"
    rf"(?P<fill>(?: {_FILL}){{0,7}}) \Z"
    rf"|(?:{_UNSPACED_BEFORE}|不认为|不認為|不觉得|不覺得|不相信)(?:是|答案|正确答案|应该是|会是|這是|这是|为|เป็น"
    rf"|คำตอบ(?:คือ)?)* ?\Z"
)
"""What stands before a value that is denied; a word such as "more" between them makes a bound."""
_NO_DENIAL = frozenset(
    (
        "no",
        "ni",
        "without",
        "exclude",
        "excludes",
        "excluding",
        "unlike",
        "noch",
        "né",
        "mai",
        "hardly",
        "ne",
        "नहीं",
        "नही",
        "न",
        "मत",
    )
)
_DOUBTED = re.compile(
    r"(?:(?:\A|(?<!\w)(?:i|we|you|can|could|must|should|would|let s|to|by|then) )(?:(?:safely"
    r"|also|first) )?"
    r"(?:eliminat(?:e|ing)|reject(?:ing)?|discard(?:ing)?|dismiss(?:ing)?|cross(?:ing)? out"
    r"|strik(?:e|ing) out"
    r"|rule out)(?: (?:the )?(?:option|answer|choice|letter)s?)?"
    rf"|(?<!\w)(?:(?:i|we) (?:\w+ )?doubt|doubtful|bezweifle|betwijfel|je doute|dudo|dubito"
    rf"|duvido|сомневаюсь"
    r"|сумніваюся|wątpię|tvivlar på|tviler på|tvivler på|pochybuji|kétlem|mă îndoiesc|αμφιβάλλω"
    r"|αμφιβαλλω)"
    rf"(?: {_FILL}){{0,6}}) \Z"
)
"""What puts a value or a label in doubt: eliminate B, I doubt that it is 42."""
_CUT = re.compile(
    r"[,，、،](?!\s*(?:that|dass|daß|что|що|że|že|hogy|att|at|che|que|că|ότι|да)(?!\w))"
    r"|[.!?;:\n(（。！？；：…](?=\s|\Z|[^\d\s])"
)
_SIGN_NO = "❌✗✘✖"


def is_denied(start: int, end: int, text: str) -> bool:
    """Return whether a value of a text is said not to be the answer: I don't think it is 42, 42 is
    wrong.

    Args:
        start: where the value begins.
        end: where it ends.
        text: the answer.
    """
    near = text[max(0, start - 80) : start]
    if near.strip()[-1:] in _SIGN_NO and near.strip():
        return True
    verdict = _said_before(near)
    if verdict is not None:
        return verdict
    after = _after(end, text)
    return after is None or bool(_REJECTED.match(after) or _NOT_RIGHT.match(after))


def denied_before(start: int, text: str) -> bool:
    """Return whether words before a value deny it; see :func:`is_denied`."""
    return bool(_said_before(text[max(0, start - 80) : start]))


def rejected_behind(end: int, text: str) -> bool:
    """Return whether words behind a value call it wrong: 42 is false; see :func:`is_denied`."""
    after = _after(end, text)
    return after is None or bool(_REJECTED.match(after))


def _said_before(near: str) -> bool | None:
    """Return whether the words before a value deny it, None where they say nothing of the kind."""
    before = loose_words(_CUT.split(near)[-1]).folded + " "
    denies = _DENIES.search(before)
    bare = (
        denies is not None
        and not denies.group("fill")
        and (denies.group("word") in _NO_DENIAL or near.strip()[-1:] in frozenset(",，、،"))
    )
    if (denies is not None and not bare) or _DOUBTED.search(before):
        return not _NOT_NEGATING.search(before)
    return None


def _after(end: int, text: str) -> str | None:
    """Return the words behind a value, loosely written, or None where a sign crosses it out."""
    behind = re.match(r"[\s*_`\"'$)]*(?:[:—–-] ?)?", text[end : end + 8])
    rest = text[end + (behind.end() if behind else 0) : end + 80]
    if rest[:1] in _SIGN_NO and rest:
        return None
    gap = "" if text[end : end + 1] == rest[:1] else " "
    return gap + loose_words(_CUT.split(rest)[0]).folded


_NOT_RIGHT = re.compile(
    rf" (?:{_COPULA}|can|could|may|might|would|will)?(?: ?(?:not|n t|[a-z]{{2,6}}n t|cannot"
    rf"|never|nicht|niet|pas"
    r"|inte|ikke|no|non|não|не|nie|není|nu))(?: be| fit| apply| work)?"
    r"(?: (?:the|a|die|la|le|el|il|o|das|de|det|den|at all|possibly|quite))*"
    r"(?: (?:right|correct|true|valid|possible|answer|solution|result|richtig\w*|korrekt\w*"
    r"|juist|correcte?"
    r"|correct[oa]|corrett[oa]|juste|bonne réponse|antwort|respuesta|réponse|rätt|rigtigt?"
    r"|riktig|верн\w+"
    r"|prawidłow\w+|poprawn\w+|správn\w+))+(?!\w)"
    r"| (?:does not|doesn t|do not|cannot|can t) (?:fit|apply|work|match"
    r"|be(?: the)?(?: answer)?(?: right)?)(?!\w)"
    r"|[はも]?(?:で(?:は|も)|じゃ)(?:ない|な[いく]|ありません)|(?:不是|并非|並非)(?:正确|正確|正解)?(?:的)?答案"
)


def affirmed(spans: Sequence[Span], words: Words) -> list[Span]:
    """Return the spans of labels, in order of the text, that it does not negate.

    "not billing but delivery" leaves delivery; "not card, other" leaves both, for it may mean
    either, so that the answer names two labels. A negating word inside a label, or one that is a
    label, negates nothing. A label that is negated after it was named does not count.
    """
    spans = sorted(span for span in spans if not _in_phrase(span, words.folded))
    negators = _ahead(_negators(words, spans), spans, words.folded)
    kept: list[Span] = []
    negated: list[tuple[Span, str]] = []
    doubtful: list[Span] = []
    denied = _denied_together(spans, words)
    for span in spans:
        how = "not" if span in denied else _negated(span, words, negators)
        if how:
            negated.append((span, how))
            continue
        kept.append(span)
        if negated and negated[-1][1] == "not" and _only_listed(negated[-1][0], span, words):
            doubtful.append(negated[-1][0])
    if doubtful:
        return sorted([*kept, *doubtful])
    last = {span[2]: span[0] for span, _ in negated}
    return [span for span in kept if last.get(span[2], -1) < span[0]]


def _denied_together(spans: Sequence[Span], words: Words) -> set[Span]:
    """Return the labels of a list that is negated behind its last: "A, B and C are wrong"."""
    found: set[Span] = set()
    for one, two in reversed(list(pairwise(spans))):
        listed = _LISTED.fullmatch(words.folded[one[1] : two[0]])
        if not listed or words.sentence(*one[:2]) != words.sentence(*two[:2]):
            continue
        if two in found or (words.kind_at(two[1]) == "" and _WRONG.match(words.folded, two[1])):
            found |= {one, two}
    return found


def _in_phrase(span: Span, text: str) -> bool:
    """Return whether a label is part of a fixed phrase: no doubt, not only."""
    first = max(0, span[0] - 30)
    return any(
        first + found.start() <= span[0] and span[1] <= first + found.end()
        for found in _NOT_NEGATING.finditer(text[first : span[1] + 30])
    )


def _negators(words: Words, spans: Sequence[Span]) -> list[tuple[int, int, str]]:
    """Return the negating words with their kind, those inside labels and fixed phrases left out."""
    text = words.folded
    taken = [(start, end) for start, end, _ in spans]
    taken += [match.span() for match in _NOT_NEGATING.finditer(text)]
    taken.sort()
    found = []
    for pattern, kind in ((_REPLACES, "instead"), (_NEGATES, "not")):
        for match in pattern.finditer(text):
            if not _inside(match.start(), match.end(), taken):
                found.append((match.start(), match.end(), kind))
    for match in _RATHER.finditer(text):
        start, end = match.span("than" if match.group("than") else "to")
        if any(match.start() < span[0] and span[1] <= start for span in spans):
            found.append((start, end, "instead"))
    for one, two in pairwise(spans):
        if one[2] != two[2] and _THAN.fullmatch(text[one[1] : two[0]]):
            found.append((one[1], two[0], "instead"))
    return sorted(found)


def _ahead(
    negators: Sequence[tuple[int, int, str]], spans: Sequence[Span], text: str
) -> list[tuple[int, int, str]]:
    """Leave out a negating word that stands behind what it negates: "डिलीवरी नहीं, भुगतान" says
    nothing against the second.
    """
    behind: set[int] = set()
    for _, end, _ in spans:
        if (after := _AFTER.match(text, end)) is not None:
            behind.update(range(end, after.end()))
    return [one for one in negators if text[one[0] : one[1]] not in _BEHIND or one[0] not in behind]


def _inside(start: int, end: int, taken: Sequence[tuple[int, int]]) -> bool:
    index = bisect_right(taken, start, key=lambda span: span[0])
    return any(end <= last for _, last in taken[max(0, index - 2) : index])


def _negated(span: Span, words: Words, negators: Sequence[tuple[int, int, str]]) -> str:
    """Return how a label is negated, or nothing."""
    start, end, _ = span
    text = words.folded
    after = _AFTER.match(text, end)
    if after and not any(words.is_border(place) for place in range(end, after.end())):
        return "not"
    clause, _ = words.negated_with(start, end)
    sentence, _ = words.sentence(start, end)
    wrong = _REJECTED.match(text, end)
    if wrong and not any(words.is_border(place) for place in range(end, wrong.end())):
        return "not"
    if _DOUBTED.search(text[max(sentence, start - 80) : start]):
        return "not"
    for begin, stop, kind in reversed(_between(negators, sentence, start)):
        word = text[begin:stop]
        # "neither a, b nor c", "not, I think, a" reach over commas; others end with their clause
        far = word in ("neither", "weder") or (word != "no" and words.kind_at(stop) == WEAK)
        if begin < clause and not far:
            continue
        between = text[stop:start]
        italian = word == "non" and " ma " in f"{between} "
        return "" if italian or _CONTRAST.search(between) else kind
    return ""


def _between(
    negators: Sequence[tuple[int, int, str]], first: int, start: int
) -> Sequence[tuple[int, int, str]]:
    low = bisect_left(negators, (first, 0, ""))
    high = bisect_left(negators, (start, 0, ""))
    return negators[max(low, high - 3) : high]


def _only_listed(negated: Span, kept: Span, words: Words) -> bool:
    """Return whether a label stands alone behind a comma after a negated one: "not card, other"."""
    if words.kind_at(negated[1]) != WEAK or kept[0] != negated[1] + 1:
        return False
    return words.clause(kept[0], kept[1])[1] == kept[1]
