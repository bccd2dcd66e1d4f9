"""What people call the units that answers are given in, by pint's name of the unit."""

from __future__ import annotations

_WORDS = {
    "meter":
    "metro metros metri mètre mètres meters metre metres м метр метра метров 米 公尺 メートル 미터"
    " متر أمتار מטר מטרים मीटर เมตร mét",
    "kilometer":
    "kms kilómetro kilómetros chilometro chilometri quilômetro quilômetros"
    " kilomètre kilomètres km км километр километра километров 公里 キロメートル 킬로미터 كم"
    ' كيلومتر كيلومترات קילומטר ק"מ किलोमीटर किमी กิโลเมตร กม ki-lô-mét',
    "centimeter":
    "cms centímetro centímetros centimètre centimètres centimetro centimetri zentimeter"
    ' см сантиметр сантиметра сантиметров 厘米 公分 センチメートル センチ 센티미터 سم سنتيمتر ס"מ'
    " सेंटीमीटर सेमी เซนติเมตร ซม",
    "millimeter":
    "milímetro milímetros millimètre millimètres мм миллиметр миллиметров 毫米 ミリメートル"
    ' ミリ 밀리미터 مم ملم מ"מ मिलीमीटर มิลลิเมตร มม',
    "gram":
    "gms gramm gramme grammes gramo gramos grammo grammi grama gramas г грамм грамма"
    " граммов 克 グラム 그램 غرام جرام גרם ग्राम กรัม",
    "kilogram":
    "kgs kilo kilos kilogramm kilogramme kilogrammes kilogramo kilogramos"
    " chilogrammo chilogrammi quilograma quilogramas кг килограмм килограмма килограммов 公斤"
    ' キログラム 킬로그램 كجم كغ كيلوغرام كيلوجرام ק"ג קילוגרם किलोग्राम किग्रा กิโลกรัม กก',
    "tonne":
    "tonnen tonnes tonelada toneladas tonnellata tonnellate т тонна тонны тонн 吨 噸"
    " 公吨 トン 톤 طن טון टन ตัน tấn",
    "liter":
    "ltr ltrs litro litros litre litres litri л литр литра литров 升 公升 リットル 리터 لتر"
    " ליטר लीटर ลิตร lít",
    "milliliter":
    "mls mililitro mililitros millilitre millilitres мл миллилитр миллилитров 毫升 ミリリットル"
    ' 밀리리터 مل ملليلتر מ"ל मिलीलीटर มิลลิลิตร มล',
    "second":
    "sec secs sek sekunde sekunden seconde secondes segundo segundos secondo"
    " secondi с сек секунда секунды секунд 秒 秒钟 秒鐘 초 ثانية ثوان ثواني שנייה שניות"
    " सेकंड วินาที giây",
    "minute":
    "min mins minuten minuto minutos minuti мин минута минуты минут 分 分钟 分鐘 分間 분"
    " دقيقة دقائق דקה דקות मिनट นาที phút",
    "hour":
    "hr hrs std stunde stunden heure heures hora horas ora ore ч час часа часов 小时"
    " 小時 時間 時间 시간 ساعة ساعات שעה שעות घंटा घंटे ชั่วโมง giờ",
    "day":
    "tag tage tagen jour jours día días dia dias giorno giorni день дня дней 天 日間 일"
    " يوم أيام יום ימים दिन วัน ngày",
    "week":
    "wk wks woche wochen semaine semaines semana semanas settimana settimane неделя"
    " недели недель 周 週 星期 週間 주 أسبوع أسابيع שבוע שבועות सप्ताह สัปดาห์ tuần",
    "month":
    "monat monate monaten mois mes meses mese mesi mês месяц месяца месяцев 个月 個月"
    " ヶ月 か月 개월 شهر أشهر חודש חודשים महीने เดือน tháng",
    "year":
    "yr yrs jahr jahre jahren an ans année années año años anno anni ano anos год"
    " года лет 年 年間 년 سنة سنوات שנה שנים साल वर्ष ปี năm",
    "degree_Celsius":
    "celsius °c grad_celsius degrees_celsius degree_celsius degrés_celsius"
    " grados_celsius gradi_celsius graus_celsius градусов_цельсия 摄氏度 攝氏度 度摄氏 섭씨도"
    " องศาเซลเซียส",
    "degree_Fahrenheit":
    "fahrenheit °f degrees_fahrenheit degree_fahrenheit grad_fahrenheit 华氏度 華氏度",
    "kelvin": "kelvins k",
    "kilometer/hour": 'km/h kmh kph km/std км/ч 公里/小时 كم/س קמ"ש किमी/घंटा กม/ชม',
    "mile/hour": "mph",
    "meter**2":
    "sqm quadratmeter qm square_meter square_meters square_metre square_metres"
    " metros_cuadrados mètres_carrés metri_quadrati metros_quadrados 平方米 平方メートル"
    " 제곱미터 ตารางเมตร",
    "kilometer**2":
    "square_kilometers square_kilometres quadratkilometer kilómetros_cuadrados"
    " kilomètres_carrés 平方公里 平方キロメートル 제곱킬로미터",
    "meter**3":
    "kubikmeter cubic_meter cubic_meters cubic_metre cubic_metres metros_cúbicos"
    " mètres_cubes 立方米",
    "foot": "feet ft pie pies pied pieds 英尺 フィート 피트",
    "inch": "inches zoll pouce pouces pulgada pulgadas 英寸 インチ 인치",
    "mile": "mi meile meilen milla millas miglia milhas миля мили миль 英里 マイル 마일",
    "stone": "st stones",
    "pound": "lb lbs libra libras livre livres фунт фунта фунтов 磅 ポンド 파운드",
    "byte": "bytes octet octets",
    "kilobyte": "kb ko",
    "megabyte": "mb mo",
    "gigabyte": "gb go",
    "terabyte": "tb to",
    "percent": "% percent",
    "watt": "w watts ватт вт 瓦 ワット",
    "kilowatt_hour": "kwh квт·ч 千瓦时 度电",
    "degree": "° degrees degree grad",
    "newton": "н ньютон ньютона ньютонов 牛 牛顿 ニュートン 뉴턴",
    "newton*meter": "н·м newtonmeter newtonmetres newtonmètre newtonmètres 牛米 牛·米",
}  # fmt: skip
_MORE_WORDS = {
    "kilometer":
    "kilometr kilometry kilometrów kilometra kilometrů kilometrov kilometreler χιλιόμετρο"
    " χιλιόμετρα χλμ kilometriä kilometri kilomet кілометр кілометри кілометрів километри"
    " kilomita کیلومتر",
    "meter":
    "metry metrów metrů metriä μέτρο μέτρα метри метрів méter mita",
    "centimeter":
    "centymetr centymetry centymetrów centimetrů santimetre εκατοστά senttimetriä"
    " xentimet sentimeter сантиметрів",
    "gram":
    "gramy gramów gramů γραμμάρια grammaa грам грамів گرم",
    "kilogram":
    "kilogramy kilogramów kilogramů κιλό κιλά kiloa کیلوگرم кілограм кілограми кілограмів",
    "liter":
    "litry litrów litrů litra λίτρο λίτρα litraa літр літри літрів لیتر",
    "second":
    "saniye sekundy sekund sekunda sekundę vteřina vteřiny vteřin másodperc secundă"
    " secunde δευτερόλεπτο δευτερόλεπτα sekunti sekuntia sekunder seconden detik секунди"
    " ثانیه",
    "minute":
    "dakika dk minuta minutę minuty minut perc minute λεπτό λεπτά minuutti minuuttia minuter"
    " minutter minuut menit хвилина хвилини хвилин минути دقیقه",
    "hour":
    "saat godz godzina godzinę godziny godzin hod hodina hodinu hodiny hodin óra oră ώρα"
    " ώρες tunti tuntia timme timmar uur uren jam година години годин ساعت घण्टा",
    "day":
    "gün dzień dni dny dnů nap zi zile μέρα μέρες ημέρα ημέρες päivä päivää dag dagar"
    " dage dager dagen hari дні днів روز siku",
    "week":
    "hafta tydzień tygodnie tygodni týden týdny týdnů hét săptămână săptămâni εβδομάδα"
    " εβδομάδες viikko viikkoa vecka veckor uge uger uke uker weken minggu тиждень тижні"
    " тижнів هفته",
    "month":
    "ay miesiąc miesiące miesięcy měsíc měsíce měsíců hónap lună luni μήνας μήνες"
    " kuukausi kuukautta månad månader måned måneder maand maanden bulan місяць місяці"
    " місяців ماه",
    "year":
    "yıl rok roky lata év ani χρόνια έτος έτη vuosi vuotta år jaar tahun рік роки років"
    " سال",
    "degree_Celsius":
    "stopni_celsjusza stopnie_celsjusza santigrat_derece derece_celsius stupňů_celsia"
    " βαθμοί_κελσίου βαθμούς_κελσίου درجة_مئوية درجات_مئوية độ_c graden_celsius"
    " grader_celsius",
    "foot":
    "fuß stopa stopy stóp fot voet πόδια jalkaa láb",
    "inch":
    "cale cali tum palců ίντσες tuumaa hüvelyk",
}  # fmt: skip
"""The same in Turkish, Polish, Czech, Hungarian, Romanian, Greek, Finnish, Dutch, Swedish, Danish,
Norwegian, Ukrainian, Indonesian, Vietnamese, Persian and Swahili."""
UNIT_WORDS = {unit: (*_WORDS[unit].split(), *_MORE_WORDS.get(unit, "").split()) for unit in _WORDS}
"""pint's name -> words; a low line stands for a blank."""
