"""The words by which answers abstain, and those that add nothing to it, in the languages of
``docs/scorers.md`` (English, German, French, Spanish, Italian, Portuguese, Dutch, Russian, Arabic,
Chinese, Japanese).
"""

from __future__ import annotations

import re

TEXTS = (
    r"(?:passages?|texts?|contexts?|documents?|sources?|articles?|excerpts?|snippets?|pages?"
    r"|manuals?|guides?|rules|polic(?:y|ies)|information|materials?|paragraphs?|timetables?"
    r"|passagen?|texten?|textes?|abschnitte?n?|quellen?|dokumente?n?|unterlagen|textstellen?"
    r"|extraits?|pasajes?|textos?|fragmentos?|documentos?|fuentes?"
    r"|passaggi[o]?|testi|testo|brani|brano|documenti|fonti|fonte|passagens|passagem|trechos?"
    r"|fontes|teksten|tekst|bronnen|fragmenten|documenten)"
)
_SAY = (
    r"(?:say|state|mention|tell|give|contain|provide|specif\w+|include|cover|answer|discuss"
    r"|indicate|explain|list|name|describe|reveal|show|address|offer|hold|disclose|report|help"
    r"|record|touch|answers)"
)
_NEAR = r"[^.!?\n]{0,60}?"
_SPOKEN = r"(?:mentioned|stated|specified|said|known|answered|described|disclosed|addressed)"
_WEAK = r"(?:given|provided|found|covered|listed|included|available|clear|there)"
_OF_TEXTS = rf"[^.!?,;\n]{{0,30}}\b(?:in|by|from)\b[^.!?,;\n]{{0,20}}{TEXTS}"
_ASKED = r"(?:about|as to|on when|for (?:this|that)|here|anywhere|when|where|why|how|which|who)\b"

BARE = (
    r"\b(?:unanswerable|not answerable|unknown|n/a|no answer|no idea|not sure|no clue"
    r"|unbekannt|nicht beantwortbar|keine antwort|keine angaben?|keine ahnung"
    r"|inconnue?|sans réponse|aucune idée|impossible à dire|desconocid[oa]|sin respuesta"
    r"|sin información|sconosciut[oa]|senza risposta|desconhecid[oa]|sem resposta|onbekend"
    r"|geen antwoord|geen idee|неизвестно|нет ответа|нет данных|нет информации|غير معروف|لا أعرف"
    r"|لا أعلم|لا توجد إجابة)(?!\w)"
    r"|无法回答|無法回答|无法确定|無法確定|无法得知|無法得知|不知道|不清楚|未知|没有答案|沒有答案"
    r"|分かりません|わかりません|わからない|分からない|不明(?:です)?|回答できません|答えられません"
    r"|\bi (?:really )?(?:do not|don't) know\b|\bi have no idea\b"
    r"|\b(?:das |ich )?weiß (?:ich |es )?nicht\b|\bje ne sais pas\b|\bno lo sé\b|\bno se sabe\b"
    r"|\bnon lo so\b|\bnão sei\b|\b(?:ik )?weet (?:ik )?(?:het )?niet\b|\bя не знаю\b|\bне знаю\b"
)
"""Words that abstain by themselves: whatever is joined to them is said beside the abstention."""

_PATTERNS = (
    rf"\b{TEXTS}\b{_NEAR}\b(?:do(?:es)? not|don't|doesn't|did not|didn't|never|nowhere|fail to"
    rf"|fails to)\b[^.!?\n]{{0,20}}?\b{_SAY}\b",
    r"\b(?:they|it|this|that|these|nothing)\b[^.!?,\n]{0,15}?\b(?:do(?:es)? not|don't|doesn't)"
    r" (?:\w+ )?(?:say|state|mention|tell|specify|disclose|indicate)\b",
    rf"\b(?:no|none|nothing|neither|not one)\b[^.!?,\n]{{0,25}}\b{TEXTS}\b[^.!?\n]{{0,40}}?"
    rf"\b{_SAY}s?\b",
    rf"\bnone of (?:them|these|those)\b[^.!?\n]{{0,20}}?\b{_SAY}s?\b",
    rf"\bnothing\b[^.!?\n]{{0,20}}?\b(?:{_SPOKEN}|{_SAY}s?|about|on|regarding)\b"
    rf"[^.!?\n]{{0,40}}?{TEXTS}",
    rf"\bnothing (?:is |was |has been )?(?:{_SPOKEN}|about it|about that|about this)\b",
    rf"\b(?:is|are|was|were|isn't|aren't|wasn't|weren't|it's|that's|has|have)\b(?:(?<=n't)| not"
    rf"| never| nowhere)[^.!?,\n]{{0,25}}?\b{_SPOKEN}\b",
    rf"\b(?:isn't|aren't|wasn't|weren't)[^.!?,\n]{{0,25}}?\b{_SPOKEN}\b",
    rf"\b(?:(?:is|are|was|were)(?: not|n't| nowhere)|not|nowhere)\b[^.!?,\n]{{0,25}}?\b{_WEAK}\b"
    rf"(?:{_OF_TEXTS}|(?=[ \"'*_]*\Z)| {_ASKED})",
    rf"\b(?:not|nowhere)(?: yet)? {_SPOKEN}\b",
    r"\b(?:cannot|can't|can not|could not|couldn't|impossible to|unable to|not able to"
    r"|not possible to|no way to)\b[^.!?,\n]{0,30}?\b(?:answer|answered|determined?|tell"
    r"|say|find|found|know|establish|confirm|infer|derive|work out|conclude)\w*",
    r"\b(?:there (?:is|are|was) |find |found |see |have )?no (?:\w+ )?(?:information|mention"
    r"|answer|indication|details?|data|statement)\b",
    r"\bi (?:do not|don't) have\b",
    r"\b(?:not enough|n't enough|insufficient|lacks? (?:the |that |this "
    r"|any )?) ?(?:information|context"
    r"|data|evidence)\b",
    r"(?:\bnot|n't) (?:be |have )?(?:enough|sufficient) (?:information|context|data|evidence)\b",
    rf"\b(?:is|are) (?:missing|absent) from\b[^.!?,\n]{{0,20}}?{TEXTS}|\b(?:left|remains?|is)"
    r" (?:unstated|unspecified|unmentioned|undisclosed|unclear)\b",
    rf"\bnot (?:something|anything|a thing) (?:that )?(?:the |these )?{TEXTS}\b[^.!?,\n]{{0,20}}",
    rf"\b(?:neither|none)(?: of (?:them|these|those|the \w+|which))?(?: \w+)? {_SAY}\w*\b",
    r"\b(?:geht|gehen)\b[^.!?\n]{0,40}?\bnicht hervor\b|\b(?:respuesta|réponse|antwort|resposta"
    r"|risposta)\b[^.!?\n]{0,30}?\b(?:no está|ne se|n'est|nicht in|non è|não está)\b",
    rf"\bnot (?:in|among|part of|anywhere in) (?:any of )?(?:the |these |this )?"
    rf"(?:given )?{TEXTS}",
    rf"\b{TEXTS} (?:is|are) silent\b|\bleaves? (?:that|this|it) open\b",
    # German
    rf"\b{TEXTS}\b[^.!?\n]{{0,40}}?\b(?:nicht|keine?\w*|nichts)\b(?: \w+)?",
    r"\b(?:geht|steht|lässt sich)\b[^.!?\n]{0,40}?\b(?:nicht|nichts)\b(?: hervor| beantworten"
    r"| sagen| ermitteln)?",
    r"\bnicht (?:angegeben|erwähnt|genannt|beantwort\w+|enthalten|bekannt|ersichtlich)\b"
    r"|\bkeine? (?:angaben?|information\w*|antwort|hinweis\w*)\b"
    r"|\b(?:kann|können)\b[^.!?\n]{0,30}?\bnicht (?:beantworten|sagen|beantwortet werden)\b",
    # French
    r"\b(?:ne|n')(?: ?(?:le|la|les|l'|y|en|nous|me|se))* ?(?:précis|di[ts]|mentionn|indiqu|donn"
    r"|conti|perme|fourni|parle|répond|trouv|figur|est|sont|sait)\w*[^.!?\n]{0,15}?"
    r"\b(?:pas|rien|jamais|aucune?)\b(?: \w+)?",
    rf"\b(?:aucune?|rien)\b[^.!?\n]{{0,30}}?\b(?:{TEXTS}|information|mention|réponse|indication)\b"
    r"|\bpas (?:précisé|mentionné|indiqué|d'information|dit)\w*|\bnon (?:précisé|mentionné|indiqué)"
    r"\w*|\bimpossible de (?:le )?(?:dire|répondre|savoir|déterminer)\b"
    r"|\bje ne (?:peux|puis|trouve)\b[^.!?\n]{0,20}?(?:pas|répondre|dire)\b",
    # Spanish, Portuguese, Italian
    r"\b(?:no|não|non|nada|nunca) (?:se |lo |la |le |o |ne |me |nos |ci )*(?:dic|menci|indica"
    r"|especific|contien|apare|da\b|dan\b|diz|encuentr|figura|explic|informa|precis|dice|dicono"
    r"|specific|indican|contengono|contiene|riport|trova|cita|respond)\w*",
    r"\b(?:no|não|non) (?:se |lo |si |è |es |está |é )*(?:puede|puedo|pode|posso|può|possibile"
    r"|posible|possível|indicado|mencionado|especificado|specificato|indicato|menzionato)\b"
    r"(?: (?:responder|saber|decir|determinar|dizer|rispondere|dire|sapere))?",
    rf"\b(?:ningun[oa]?|ningún|nenhuma?|nessuna?o?)\b[^.!?\n]{{0,20}}?\b(?:{TEXTS}|información"
    r"|respuesta|informação|resposta|informazione|risposta)\b",
    r"\bno hay (?:\w+ )?(?:información|respuesta|datos?|mención)\b|\bnão há (?:\w+ )?(?:informaç"
    r"|respost|dados)\w*|\bnon (?:c'è|ci sono)\b[^.!?\n]{0,15}?\b(?:informazion|rispost)\w*",
    # Dutch
    rf"\b(?:{TEXTS}|staat|wordt|worden)\b[^.!?\n]{{0,40}}?\b(?:niet|geen|niets)\b(?: \w+)?"
    r"|\bgeen (?:informatie|gegevens|vermelding)\b|\bniet (?:vermeld|genoemd|bekend|te zeggen)\b",
    # Russian
    r"\b(?:тексте?|текстах|отрывк\w+|документ\w*|источник\w*|пассаж\w*|фрагмент\w*)\b"
    r"[^.!?\n]{0,40}?\b(?:не|нет|ничего)\b(?: \w+)?|\bне (?:указан|сказан|упомин|сообща|говор"
    r"|привед|содерж|опис|могу (?:ответить|сказать|определить)|удалось)\w*"
    r"|\bневозможно (?:\w+)|\bнет (?:информац|ответ|данн|сведени)\w*|\bответа? (?:в \w+ )?нет\b",
    # Arabic
    r"(?:لا|لم|ليس|لن) ?(?:تذكر|يذكر|تقول|يقول|توضح|يوضح|تحدد|يحدد|تحتوي|يحتوي|توجد|يوجد|يمكن"
    r"|تشير|يشير|أستطيع|يرد|ترد|تجيب|يجيب|مذكور)\w*|غير (?:مذكور|محدد|موجود|واضح|متوفر)\w*",
    # Chinese, Japanese
    r"(?:没有|沒有|并未|並未|未|没|沒|无|無)(?:明确|明確|有|直接)?(?:说明|說明|提到|提及|提供|给出|給出|写明|寫明"
    r"|说|說|指出|指明|回答|涉及|相关信息|相關資訊|相关|信息|答案|记载|記載)",
    r"(?:不能|无法|無法)(?:从|從|根据|根據)?[^。！？；\n]{0,15}(?:回答|确定|確定|得知|判断|判斷|知道)",
    r"(?:書かれて|記載されて|述べられて|言及されて|示されて|記されて|触れられて|触れて|書いて|載って)"
    r"(?:は)?(?:いません|いない|おりません)|記載が?(?:ありません|ない|なし)|情報(?:は|が)?(?:ありません|ない)"
    r"|(?:答え|判断)(?:る|する)?(?:こと)?(?:は|が)?(?:できません|できない)|読み取れません|答えは?ありません",
)
ABSTAINS = re.compile("|".join((BARE, *_PATTERNS)), re.IGNORECASE)
IS_BARE = re.compile(BARE, re.IGNORECASE)

_ADVICE = (
    r"\b(?:please )?(?:ask|contact(?:ed)?|check|consult|refer to|call the|enquire|inquire"
    r"|look (?:it|that)"
    r" up|provide|let me know|share|send (?:me|us)|visit|speak (?:to|with)|get in touch"
    r"|(?:more|further|additional) (?:information|context|details?|passages?)|need more"
    r"|happy to help|help you|anything else"
    r"|fragen sie|wenden sie sich|bitte (?:fragen|wenden|prüfen|geben)|kontaktieren"
    r"|demandez|contactez|veuillez|adressez-vous|vérifiez|pregunte|consulte|contacte|por favor"
    r"|chied\w+|contatt\w+|consult\w+|pergunte|contate|vraag|neem contact|raadpleeg"
    r"|спросите|обратитесь|уточните|пожалуйста)\b|请(?:联系|咨询|询问|查)|請(?:聯繫|詢問|查)"
    r"|お問い合わせ|ご確認|(?:問い合わせて|確認して|尋ねて)ください|يرجى|اسأل|اتصل"
)
ADVICE = re.compile(_ADVICE, re.IGNORECASE)

REASON = re.compile(
    r"^\W*(?:and |so |therefore |hence )?(?:because|since|as (?:the|they|it|there|no)|for lack"
    r"|due to|given that"
    r"|weil|da (?:die|der|das|es|in)|denn|parce que|car|puisque|porque|ya que|pues|perché|poiché"
    r"|pois|omdat|want|потому что|так как|поскольку|因为|因為|由于|لأن)",
    re.IGNORECASE,
)
ASIDE = re.compile(
    r"\b(?:you (?:asked|are asking|ask)|your question|the question (?:asks|is|was)|i (?:have )?"
    r"(?:read|looked|checked|searched|went|reviewed|won't|will not|would not|cannot|can't|prefer"
    r"|am (?:sorry|afraid|unable))|i'd rather not|(?:i )?(?:do not|don't) want to guess"
    r"|without (?:guessing|more|further)|rather than guess|not going to guess|anything (?:i|else)"
    r"|sorry|apologies|unfortunately|entschuldig\w*|tut mir leid|leider|désolée?|malheureusement"
    r"|lo siento|lamentablemente|mi dispiace|purtroppo|desculpe|infelizmente|helaas|извините"
    r"|к сожалению|ich (?:möchte|will|kann|habe)|je (?:préfère|ne veux|ne peux|n'ai)|prefiero no"
    r"|no quiero|no puedo)\b|抱歉|对不起|很遗憾|申し訳|残念|すみません|عذرا|آسف|للأسف",
    re.IGNORECASE,
)
ONLY = re.compile(
    r"\b(?:only|merely|just|solely|nur|lediglich|bloß|seulement|uniquement|que de|sólo|solo"
    r"|solamente|únicamente|soltanto|somente|apenas|alleen|slechts|только|лишь|فقط)\b|只|仅|僅|のみ|だけ",
    re.IGNORECASE,
)
ABOUT_TEXTS = re.compile(
    rf"\b(?:{TEXTS}|they|sie|ils|elles|ellos|essi|eles|ze|тексты?|они)\b|文中|文章|本文|段落|资料|النص",
    re.IGNORECASE,
)
SUGGESTS = re.compile(
    r"\b(?:suggest|impl(?:y|ies)|hint|point to|points to|lead|sa(?:y|ys|id)\b(?! nothing| only)"
    r"|states? that|deuten|legen nahe|suggèr|indiqu\w+ que|sugier|indican que)\w*",
    re.IGNORECASE,
)
SPLITS = re.compile(
    r"[!?。！？;；\n()\[\]{}<>|…•·→⇒=\"“”«»「」]|(?<!\d)[.:/]|[.:：/](?!\d)|\s[-–—]+\s|[–—]+|--+"
    r"|\b(?:but|however|although|though|nevertheless|nonetheless|that said|still|yet"
    r"|aber|jedoch|allerdings|trotzdem|doch|mais|cependant|toutefois|pourtant|pero|sin embargo"
    r"|aunque|però|tuttavia|porém|entretanto|maar|echter|однако|тем не менее)\b|(?<!\w)но(?!\w)"
    r"|但是|不过|不過|然而|但|しかし|ただし|でも|ですが|けれども|けど|(?<=ん)が(?=[、,])|(?<=い)が(?=[、,])"
    r"|(?:else|other) than\b|(?:ولكن|لكن|غير أن)",
    re.IGNORECASE,
)
"""Where one statement ends and another begins."""
COMMA = re.compile(r"(?<!\d)[,，、،]|[,，、،](?!\d)|\b(?:so|thus|therefore|hence|then)\b")
STATES = re.compile(
    r"^\W*(?:and |so |then |also )?(?:(?:the |my |a )?(?:answer|guess|best guess|estimate|reply)\b"
    r"|it(?:'s| is| was| leaves| costs| takes| opens| closes| starts| must| should| would| will"
    r"| could| may| might)\b|i(?:'d| would)? (?:guess|say|assume|think|believe|suppose)\b"
    r"|(?:probably|likely|presumably|perhaps|maybe|possibly|typically|usually|generally)\b"
    r"|(?:die )?antwort\b|es ist\b|vermutlich|wahrscheinlich|(?:la )?réponse\b|c'est|il est"
    r"|probablement|sans doute|(?:la )?respuesta\b|es\b|probablemente|(?:la )?risposta\b|è\b"
    r"|probabilmente|(?:a )?resposta\b|provavelmente|het (?:is|antwoord)|waarschijnlijk|ответ\b"
    r"|вероятно|это\b|наверное|答案|应该|應該|可能|大概|答えは|おそらく|たぶん|الإجابة|ربما)",
    re.IGNORECASE,
)
OBJECT = re.compile(
    r"^\W*(?:the answer|about|from|whether|if|in|for|of|to|at this|based|given|with"
    r"|when|where|why|how|which|who|what|by|on the basis|using|yet|either|enough|that\b"
    r"|aus|anhand|ob|wann|wie|wo|wer|was|warum|mit|zu|d'après|selon|à partir|quand|où|si|comment"
    r"|qui|avec|según|a partir|cuándo|cuando|cómo|quién|con|dónde|segundo|quando|come|secondo|chi"
    r"|se|uit|op basis|wanneer|hoe|wie|из|по|когда|как|где|кто|من|متى)\b"
)
_FILL = (
    "sorry unfortunately i'm i am afraid based on according to from in well no there it this that"
    " the a an given provided answer question these those them they my final response result says"
    " is as are was were and so of for at by which who what when where how why all any here sure"
    " yes ok okay please thanks thank you hope helps regards sincerely note source sources cited"
    " citation citations see cf ref reference references unanswerable none null nothing"
    " leider nein die der das den dem des ein eine antwort frage und aus laut quelle danke"
    " non le la les l un une réponse question et selon d'après merci désolé"
    " no el los las una respuesta pregunta y según gracias lo siento"
    " il i gli risposta domanda e grazie o os as resposta pergunta obrigado het de een antwoord"
    " vraag en bedankt ответ вопрос и в на спасибо about exactly looked"
)
FILLER = frozenset(_FILL.split())
