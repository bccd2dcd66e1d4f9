"""The words by which answers refuse, in the languages of ``docs/scorers.md``: whoever answers says
of itself ("I", "we", "this request", an apology) that it does not serve.

What a customer cannot do ("I can't log in") has none of the verbs of serving, and conditions ("if I
cannot help") are no refusals.
"""

from __future__ import annotations

import re

_NEAR = r"[^.!?,;:\n]{0,60}?"

_ADVERBS = (
    r"(?:(?:directly|really|currently|simply|unfortunately|personally|safely|ethically|legally"
    r"|responsibly|further|possibly|actually|either|also|just|properly|be able to|in good"
    r" conscience|at this time|be of) ){0,3}"
)
_CANNOT = (
    r"(?:cannot|can't|can not|could not|couldn't|won't|will not|won't be able to"
    r"|will not be able to|(?:am|are|'m|'re) (?:\w+ )?(?:not able|unable|not allowed|not permitted"
    r"|not in a position|not going) to|must decline|have to decline|need to decline)"
)
_SERVE = (
    r"(?:help|assist|comply|answer|provide|support|fulfil\w*|do that|discuss|engage|classify"
    r"|process|continue|respond|handle|offer|participate|generate|create|share|give)"
)
_POLICY = r"(?:polic\w+|guidelines?|rules|terms|principles)"

_ENGLISH = (
    rf"(?<!\bif )(?<!\bwhen )\b(?:i|we)(?: am| are|'m|'re)? ?(?:sorry[^.!?\n]{{0,30}})?"
    rf"{_ADVERBS}{_CANNOT} (?:to )?{_ADVERBS}{_SERVE}\b",
    r"(?<!\bif )\b(?:i|we) (?:\w+ly )?(?:must |have to |need to )?(?:\w+ly )?(?:decline|refuse)\b",
    r"\b(?:violates?|against|goes against|not (?:permitted|allowed) by|breach(?:es)?)"
    rf" (?:my|our|the) [^.!?\n]{{0,30}}{_POLICY}",
    r"\bas an? (?:ai|language model)[^.!?\n]{0,60}\b(?:cannot|can't|not able|unable|won't)",
    r"\b(?:content|request|message|ticket|input) (?:is|was|has been) (?:inappropriate|harmful"
    r"|flagged|blocked|unsafe|not safe|offensive|prohibited)\b",
    rf"\b(?:this|that|the|your) (?:request|question|message|ticket|query){_NEAR}\b(?:cannot|can't"
    r"|can not|could not) be (?:answered|processed|fulfilled|completed|handled|supported|served)\b",
)
_G_SERVE = (
    r"(?:(?:weiter)?helfen|behilflich sein|dienen|assistieren|unterstützen|(?:be)?antworten"
    r"|nachkommen|entsprechen|bereitstellen|liefern|bearbeiten|verarbeiten|erfüllen|besprechen"
    r"|diskutieren|einordnen|klassifizieren|ausführen|anbieten|verfassen|erstellen|fortfahren"
    r"|auskunft geben|antwort geben|hilfe leisten|weiterführen)"
)
_G_MODAL = r"(?:kann|können|darf|dürfen|werde|werden|möchte|möchten|will|wollen)"
_G_NOT = r"(?:nicht(?! nur\b)|keine?[rns]?|keinerlei)"
_GERMAN = (
    rf"\b(?:(?:ich|wir) (?:\w+ ){{0,3}}?{_G_MODAL}|{_G_MODAL} (?:\w+ ){{0,2}}?(?:ich|wir))\b"
    rf"{_NEAR}\b{_G_NOT}\b{_NEAR}\b{_G_SERVE}\b",
    rf"\b(?:dass|weil|da) (?:ich|wir)\b{_NEAR}\b{_G_NOT}\b{_NEAR}\b{_G_SERVE} {_G_MODAL}\b",
    rf"\b(?:(?:anfrage|frage|anliegen|nachricht|ticket|bitte)\b{_NEAR}\b|(?:das|dies|dieses) )"
    rf"(?:kann|können|darf|dürfen)\b{_NEAR}\bnicht\b{_NEAR}\b(?:beantwortet|bearbeitet|erfüllt|unterstützt"
    r"|bereitgestellt|eingeordnet|klassifiziert|verarbeitet|ausgeführt) werden\b",
    r"\b(?:ich bin|wir sind|bin ich|sind wir)\b[^.!?,\n]{0,40}\bnicht in der lage\b",
    r"\bmir\b[^.!?,\n]{0,30}\bnicht (?:möglich|erlaubt|gestattet)\b",
    r"\b(?:muss|müssen|möchte|möchten) (?:ich|wir)\b[^.!?,\n]{0,40}\b(?:ablehnen|verweigern)\b"
    r"|\b(?:ich|wir) (?:muss|müssen|möchte|möchten)\b[^.!?,\n]{0,40}\b(?:ablehnen|verweigern)\b"
    r"|\b(?:ich lehne|lehne ich|wir lehnen|lehnen wir)\b[^.!?,\n]{0,40}\bab\b",
    r"\bverst(?:ößt|oßen) gegen (?:meine|unsere|die)\b[^.!?\n]{0,30}(?:richtlinien|regeln"
    r"|grundsätze|vorgaben|nutzungsbedingungen)",
)
_F_SERVE = (
    r"(?:aider|répondre|fournir|traiter|en mesure|autorisée?s?|capables?|habilitée?s?|assister"
    r"|satisfaire|accéder à|donner suite|participer|générer|créer|discuter|partager|classer"
    r"|continuer|donner (?:d'|de |une |cette ))"
)
_FRENCH = (
    r"\b(?:je|nous|on) (?:ne |n')(?:(?:te|vous|le|la|les|lui|leur|y|en) |l'|y )?(?:peux|puis"
    r"|pouvons|peut|suis|sommes|saurais|saurions|vais|veux|pourrai|pourrais|pourrons)(?! que\b)"
    rf"{_NEAR}\b{_F_SERVE}",
    r"\b(?:m'est|nous est|est) (?:\w+ )?impossible de (?:vous |te |l')?(?:aider|répondre|fournir"
    r"|traiter|satisfaire|donner suite)",
    r"\b(?:je|nous) (?:dois|devons|préfère|préférons)\b[^.!?,\n]{0,25}\b(?:refuser|décliner)\b"
    r"|\b(?:je|nous) (?:refuse|refusons|décline|déclinons)\b",
    rf"\b(?:demande|question|requête|contenu|message)\b{_NEAR}\bne (?:peut|peuvent|saurait)\b"
    rf"{_NEAR}\bêtre (?:traitée?|satisfaite?|fournie?|prise? en charge)",
    r"\b(?:va|vont|est|sont) (?:à l'encontre|contraires?)[^.!?\n]{0,20}\b(?:mes|nos|aux|des)"
    r" [^.!?\n]{0,20}(?:règles|politiques|principes|directives|consignes)",
)
_S_SERVE = (
    r"(?:ayud\w+|respond\w+|proporcion\w+|cumplir\w*|procesar\w*|asist\w+|contest\w+|ofrecer\w*"
    r"|brindar\w*|atender\w*|generar\w*|crear|compartir\w*|discutir|continuar|clasificar\w*"
    r"|facilitar\w*|dar(?:te|le|les|os)?)"
)
_SPANISH = (
    r"\bno (?:(?:te|le|les|os|lo|la|me es posible|nos es posible) ){0,2}(?:puedo|podemos|podré"
    r"|podría|voy a|vamos a|estoy en condiciones de|estamos en condiciones de|estoy autorizad[oa] a"
    rf"|soy capaz de|me es posible|nos es posible)\b{_NEAR}\b{_S_SERVE}\b",
    r"\bno (?:me|nos) es posible (?:\w+ ){0,2}?" + _S_SERVE + r"\b",
    r"\bme es imposible (?:\w+ ){0,2}?" + _S_SERVE + r"\b",
    rf"\b(?:solicitud|pregunta|petición|consulta|mensaje)\b{_NEAR}\bno puede{_NEAR}\bser (?:atendid"
    r"|procesad|respondid|contestad)[oa]\b",
    r"\b(?:debo|tengo que|debemos)\b[^.!?,\n]{0,25}\b(?:rechazar|declinar|negarme|negarnos)"
    r"|\bme niego a\b|\brechazo (?:esta|tu|su|la) (?:solicitud|petición|pregunta)",
)
_I_SERVE = (
    r"(?:aiutar\w*|rispond\w+|assist\w+|fornir\w*|soddisfar\w*|elaborar\w*|offrir\w*|generar\w*"
    r"|creare|condivid\w+|discutere|continuare|classificare|trattare|esaudire|supportar\w*"
    r"|dar(?:ti|le|vi) (?:una|questa|alcun\w*))"
)
_ITALIAN = (
    r"\bnon (?:(?:ti|vi|le|la|lo|mi) ){0,2}(?:posso|possiamo|potrei|potrò|sono in grado|siamo in"
    rf" grado|sono autorizzat[oa]|intendo|è possibile)\b{_NEAR}\b{_I_SERVE}\b",
    rf"\bmi è impossibile {_NEAR}\b{_I_SERVE}\b",
    r"\b(?:devo|dobbiamo)\b[^.!?,\n]{0,25}\b(?:rifiutare|declinare)\b|\bmi rifiuto di\b",
    rf"\b(?:richiesta|domanda|messaggio)\b{_NEAR}\bnon può{_NEAR}\bessere (?:elaborat|soddisfatt"
    r"|esaudit|gestit)[oa]\b",
)
_P_SERVE = (
    r"(?:ajud\w+|respond\w+|fornec\w+|atend\w+|auxili\w+|assist\w+|process\w+|cumprir|oferecer"
    r"|gerar|criar|compartilhar|discutir|continuar|classificar|prestar|dar(?:-lhe|-te)?)"
)
_PORTUGUESE = (
    r"\bnão (?:(?:te|lhe|lhes|o|a|me) ){0,2}(?:posso|podemos|poderei|poderia|consigo|conseguimos"
    r"|vou|irei|iremos|estou autorizad[oa] a|sou capaz de|estou apt[oa] a|é possível)\b"
    rf"{_NEAR}\b{_P_SERVE}\b",
    r"\b(?:devo|preciso|tenho (?:de|que)|devemos)\b[^.!?,\n]{0,25}\b(?:recusar|declinar)\b"
    r"|\b(?:me recuso|recuso-me)\b",
    rf"\b(?:solicitação|pedido|pergunta|mensagem)\b{_NEAR}\bnão pode{_NEAR}\bser (?:atendid"
    r"|processad|respondid)[oa]\b",
)
_D_SERVE = (
    r"(?:helpen|beantwoorden|antwoorden|assisteren|voldoen|verstrekken|bieden|ondersteunen"
    r"|verwerken|behandelen|in staat|bespreken|meewerken|van dienst zijn|antwoord geven"
    r"|classificeren)"
)
_D_MODAL = r"(?:kan|kunnen|mag|mogen|zal|zullen|wil|willen|ben|zijn)"
_DUTCH = (
    rf"\b(?:(?:ik|we|wij) (?:\w+ ){{0,3}}?{_D_MODAL}|{_D_MODAL} (?:ik|we|wij))\b{_NEAR}"
    rf"\b(?:niet(?! alleen\b)|geen)\b{_NEAR}\b{_D_SERVE}\b",
    r"\b(?:moet|moeten) (?:ik|we|wij)\b[^.!?,\n]{0,40}\b(?:weigeren|afwijzen)\b"
    r"|\b(?:ik|we|wij) (?:moet|moeten)\b[^.!?,\n]{0,40}\b(?:weigeren|afwijzen)\b|\bik weiger\b",
    rf"\b(?:verzoek|vraag|bericht)\b{_NEAR}\b(?:kan|kunnen)\b{_NEAR}\bniet\b{_NEAR}\b(?:beantwoord"
    r"|verwerkt|behandeld|ingewilligd)\b",
)
_PL_SERVE = (
    r"(?:pomóc|pomagać|odpowiedzieć|odpowiadać|udzielić|zapewnić|spełnić|dostarczyć|zrealizować"
    r"|przetworzyć|kontynuować|udostępnić|wykonać|omawiać|wesprzeć|służyć)"
)
_PL_CANNOT = r"nie (?:mogę|możemy|jestem w stanie|jesteśmy w stanie|będę|potrafię|wolno mi)"
_POLISH = (
    rf"\b{_PL_CANNOT}\b{_NEAR}\b{_PL_SERVE}\b|\b{_PL_SERVE}\b{_NEAR}\b{_PL_CANNOT}\b",
    r"\b(?:muszę|musimy) (?:\w+ ){0,2}?odmówić\b|\bodmawiam\b",
    rf"\b(?:prośb[ay]|pytani[ea]|zapytani[ea])\b{_NEAR}\bnie (?:może|można)\b{_NEAR}"
    r"\b(?:zrealizowa|spełni|przetworz|odpowiedz)\w+",
)
_R_SERVE = (
    r"(?:помочь|помогать|ответить|отвечать|предостав\w+|выполнить|выполнять|обработать|содейств\w+"
    r"|обсуждать|продолж\w+|дать ответ|оказать помощь|поддержать|удовлетворить|классифицировать)"
)
_R_CANNOT = (
    r"(?:не (?:могу|можем|смогу|сможем|буду|будем|имею права|имею возможности|имеем права|вправе"
    r"|в состоянии|готов[аы]?))"
)
_RUSSIAN = (
    rf"\b{_R_CANNOT}\b{_NEAR}\b{_R_SERVE}\b|\b{_R_SERVE}\b{_NEAR}\b{_R_CANNOT}\b",
    r"\b(?:вынужден[аы]?|приходится|должен|должна)\b[^.!?,\n]{0,20}\bотказать\w*|\bотказываюсь\b",
    rf"\b(?:запрос|вопрос|сообщение)\b{_NEAR}\bне (?:может|могут) быть (?:выполнен|обработан"
    r"|удовлетвор[её]н)\w*",
)
_TURKISH = (
    r"\b(?:yardımcı ol|yardım ed|destek ol|destek ver|yanıt ver|cevap ver|bilgi ver|yerine getir)"
    r"[ea]m(?:em|am|eyiz|ayız|iyorum|ıyorum|iyoruz|ıyoruz|eyeceğim|ayacağım|eyeceğiz|ayacağız)\b",
    r"\b(?:yanıtlay|cevaplay|sağlay|karşılay|sun|işley|destekley)[ea]m(?:am|em|ayız|eyiz"
    r"|ıyorum|iyorum|ıyoruz|iyoruz|ayacağım|eyeceğim)\b",
    r"\b(?:yanıtlan|cevaplan|işlen|karşılan|yerine getiril)(?:amaz|emez|amıyor|emiyor)\b",
    r"\b(?:reddetmek|geri çevirmek) (?:zorundayım|durumundayım|zorundayız)\b|\breddediyorum\b",
)
_ARABIC = (
    r"(?:لا (?:أستطيع|يمكنني|أقدر|نستطيع|يمكننا|يسعني|يجوز لي)|لن (?:أستطيع|أتمكن|نتمكن|أقوم)"
    r"|لست قادر\w*|لسنا قادر\w*|غير قادر\w*|يتعذر علي\w*|ليس بإمكاني|ليس بوسعي|لا يسمح لي)"
    r"[^.!؟،\n]{0,40}?(?:مساعد|المساعدة|الإجابة|أجيب|إجابة|الرد|تقديم|أقدم|تلبية|توفير|تنفيذ"
    r"|معالجة|أساعد)",
    r"(?:أعتذر|نعتذر) عن (?:عدم )?(?:تقديم|تلبية|المساعدة|مساعدتك|الإجابة|الرد|تنفيذ)",
    r"لا يمكن (?:الإجابة|معالجة|تلبية|تنفيذ) [^.!؟،\n]{0,20}(?:الطلب|السؤال|طلبك|سؤالك)?",
)
_ZH_CANNOT = (
    r"(?:无法|無法|不能|不可以|没办法|沒辦法|没法|沒法|不便|不会|不會|难以|難以|不方便|无权|無權)"
)
_ZH_SERVE = (
    r"(?:帮助|幫助|帮您|幫您|帮你|幫你|帮忙|幫忙|帮到|幫到|回答|回应|回應|提供|协助|協助|满足|滿足|处理"
    r"|處理|支持|讨论|討論|完成|执行|執行|回复|回覆|继续|繼續|参与|參與)"
)
_CHINESE = (
    rf"(?:(?<!如果)(?<!若)(?:我们?|我們|本人)|抱歉|对不起|對不起|遗憾|遺憾|不好意思)[^。！？\n]{{0,20}}?"
    rf"{_ZH_CANNOT}[^。！？，,\n]{{0,12}}?{_ZH_SERVE}",
    rf"(?:请求|請求|问题|問題|要求|内容|內容)[^。！？，,\n]{{0,6}}(?:无法|無法|不能)(?:被)?{_ZH_SERVE}",
    r"(?:我|我们|我們)[^。！？，,\n]{0,6}(?:拒绝|拒絕|谢绝|謝絕)",
)
_JA_SERVE = (
    r"(?:お手伝い|お答え|お応え|お力|お力添え|お教え|お助け|回答|返答|返信|対応|提供|支援|サポート|協力|処理"
    r"|ご案内|お役に立|分類|ご説明)"
)
_JAPANESE = (
    rf"(?<![^へ]の){_JA_SERVE}[^。！？、\n]{{0,12}}?(?:できません|出来ません|できかね|致しかね|いたしかね|しかねます"
    r"|できない|応じられ|立てません|なれません)",
    r"(?:答え|応え|教え|手伝え|助け|応じ|応じら)(?:られ)?(?:る|れる)?(?:こと(?:は|が))?"
    r"(?:ません|できません|かねます)",
    r"お断り(?:し|いた|致|させ|せざる)|拒否(?:し|いた|させ)",
)
_KOREAN = (
    r"(?:도와|도움|도울|답변|대답|제공|지원|처리|응답|안내|수행|협조|답해|말씀|분류)[^.!?,\n]{0,15}?"
    r"(?:수(?:가|는)? 없(?!으니|으면|을 때|는 경우|을 경우)|못합니다|못해|어렵습니다|어려울"
    r"|불가능|불가합니다|않겠습니다|거절)",
    r"(?:요청|질문|부탁)[^.!?,\n]{0,12}?(?:거절|거부)(?:합니다|하겠|해야|할)",
)
_HI_SERVE = r"(?:मदद|सहायता|उत्तर|जवाब|प्रदान|पूरा|जानकारी|सहयोग)"
_HINDI = (
    rf"(?:मैं|हम|मुझे|हमें)[^।!?,\n]{{0,60}}?{_HI_SERVE}[^।!?,\n]{{0,20}}?(?:नहीं (?:कर|दे|हो)"
    r"[^।!?,\n]{0,3} ?(?:सकत|पा|सकूँ|सकूं)|में असमर्थ|असमर्थ)",
    rf"(?:अनुरोध|प्रश्न|सवाल|संदेश)[^।!?,\n]{{0,20}}?{_HI_SERVE}[^।!?,\n]{{0,12}}?नहीं (?:किया|दिया)"
    r" जा सकता",
    r"(?:मैं|हम)[^।!?,\n]{0,40}?(?:असमर्थ (?:हूँ|हूं|हैं)|अस्वीकार कर)",
)

REFUSES = re.compile(
    "|".join(
        (
            *_ENGLISH,
            *_GERMAN,
            *_FRENCH,
            *_SPANISH,
            *_ITALIAN,
            *_PORTUGUESE,
            *_DUTCH,
            *_POLISH,
            *_RUSSIAN,
            *_TURKISH,
            *_ARABIC,
            *_CHINESE,
            *_JAPANESE,
            *_KOREAN,
            *_HINDI,
        )
    ),
    re.IGNORECASE,
)
"""What stands in an answer that refuses."""

QUOTED = re.compile(r"[\"„][^\"\n]{1,200}\"|«[^»\n]{1,200}»|「[^」\n]{1,200}」")
"""What others say, or are to say: an answer may write how one refuses."""
