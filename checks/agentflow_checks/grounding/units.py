"""Units, currencies and magnitudes as a closed table: word -> what it measures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

FAHRENHEIT = "degF"
CELSIUS = "degC"
DEGREES = "deg"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: its symbol, its dimension, its size in the base unit.

    Base units are those of :data:`BASES`. Temperatures have an offset and are
    converted by :func:`to_base`.
    """

    symbol: str
    dimension: str
    size: Decimal


def _table(rows: str) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for row in rows.strip().splitlines():
        symbol, dimension, size, *words = row.split("|")
        unit = Unit(symbol.strip(), dimension.strip(), Decimal(size.strip()))
        units.update((word.strip(), unit) for word in words)
    return units


#: symbol | dimension | size in the base unit | spellings
UNITS = _table("""
ms | time | 0.001 | millisecond | milliseconds | ms | msec
s | time | 1 | second | seconds | sec | secs | s
s | time | 1 | sekunde | sekunden | secondes | segundos
s | time | 1 | secondi | seconden | sekunder | sekund | 秒 | 秒間 | 秒钟
min | time | 60 | minute | minutes | min | mins | minuten | minutos | minuti | minuut
min | time | 60 | minuter | minut | minuty | 分間 | 分钟 | 分
h | time | 3600 | hour | hours | hr | hrs | h | stunde | stunden | heure | heures
h | time | 3600 | hora | horas | uren | timme | timmar | godzin | godziny
h | time | 3600 | godzina | godz | 時間 | 小时 | 小時
day | time | 86400 | day | days | tag | tage | tagen | jour | jours | día | días
day | time | 86400 | giorno | giorni | dagen | dag | dagar | dni | 日間 | 天
night | time | 86400 | night | nights | nacht | nächte | nuit | nuits | noche | noches
night | time | 86400 | notte | notti | nachten | natt | nätter | nocy | 泊 | 晚
week | time | 604800 | week | weeks | wk | wks | woche | wochen | semaine | semaines
week | time | 604800 | semana | semanas | settimana | settimane | weken | vecka
week | time | 604800 | veckor | tydzień | tygodnie | tygodni | 週間 | 周 | 星期
month | time | 2629800 | month | months | mos | monat | monate | monaten
month | time | 2629800 | mois | mes | meses | mese | mesi | maand | maanden
month | time | 2629800 | månad | månader | miesiąc | miesiące | miesięcy
month | time | 2629800 | か月 | ヶ月 | カ月 | 个月 | 個月
year | time | 31557600 | year | years | yr | yrs | jahr | jahre | jahren
year | time | 31557600 | ans | année | années | año | años | anno | anni
year | time | 31557600 | jaar | jaren | år | rok | lata | 年間
decade | time | 315576000 | decade | decades
century | time | 3155760000 | century | centuries
mm | length | 0.001 | millimeter | millimeters | millimetre | millimetres | mm
cm | length | 0.01 | centimeter | centimeters | centimetre | centimetres | cm
m | length | 1 | meter | meters | metre | metres | m
m | length | 1 | mètre | mètres | metros | metri | metrów | メートル | 米
km | length | 1000 | kilometer | kilometers | kilometre | kilometres | km | kms
km | length | 1000 | kilomètre | kilomètres | kilómetro | kilómetros
km | length | 1000 | chilometro | chilometri | kilometern | 公里 | キロ
in | length | 0.0254 | inch | inches | "
ft | length | 0.3048 | foot | feet | ft
yd | length | 0.9144 | yard | yards | yd | yds
mi | length | 1609.344 | mile | miles | mi
mcg | mass | 0.000000001 | microgram | micrograms | mcg | µg | μg
mg | mass | 0.000001 | milligram | milligrams | mg
g | mass | 0.001 | gram | grams | gramme | grammes | gm | gms | g
kg | mass | 1 | kilogram | kilograms | kilo | kilos | kg | kgs
kg | mass | 1 | kilogramm | kilogrammes | kilogramos | 公斤 | 千克
t | mass | 1000 | tonne | tonnes | t
ton | mass | 907.18474 | ton | tons
lb | mass | 0.45359237 | pound | pounds | lb | lbs
oz | mass | 0.028349523125 | ounce | ounces | oz | ozs
ml | volume | 0.001 | milliliter | milliliters | millilitre | millilitres | ml | cc
cl | volume | 0.01 | centiliter | centiliters | centilitre | centilitres | cl
dl | volume | 0.1 | deciliter | deciliters | decilitre | decilitres | dl
l | volume | 1 | liter | liters | litre | litres | l | L
l | volume | 1 | litros | litri | リットル | 升
tsp | volume | 0.00492892159375 | teaspoon | teaspoons | tsp | tsps
tbsp | volume | 0.01478676478125 | tablespoon | tablespoons | tbsp | tbsps
fl oz | volume | 0.0295735295625 | fl oz | fluid ounce | fluid ounces
cup | volume | 0.2365882365 | cup | cups
pt | volume | 0.473176473 | pint | pints
qt | volume | 0.946352946 | quart | quarts | qt | qts
gal | volume | 3.785411784 | gallon | gallons | gal | gals
m2 | area | 1 | square meter | square meters | square metre | square metres
m2 | area | 1 | sqm | sq m | m² | m2 | qm | quadratmeter | 平方メートル | 平方米
km2 | area | 1000000 | square kilometer | square kilometers | square kilometre
km2 | area | 1000000 | square kilometres | sq km | km²
sq in | area | 0.00064516 | square inch | square inches | sq in
sq ft | area | 0.09290304 | square foot | square feet | sq ft | sq foot | sf | sqft | SF
sq yd | area | 0.83612736 | square yard | square yards | sq yd
sq mi | area | 2589988.110336 | square mile | square miles | sq mi
acre | area | 4046.8564224 | acre | acres
ha | area | 10000 | hectare | hectares | ha | hektar
mph | speed | 1.609344 | mph | miles per hour
km/h | speed | 1 | km/h | kph | kmh | kilometers per hour | kilometres per hour
B | data | 1 | byte | bytes | B
kB | data | 1000 | kilobyte | kilobytes | kb
MB | data | 1000000 | megabyte | megabytes | mb
GB | data | 1000000000 | gigabyte | gigabytes | gb | gigs
TB | data | 1000000000000 | terabyte | terabytes | tb
W | power | 1 | watt | watts | W
kW | power | 1000 | kilowatt | kilowatts | kw
MW | power | 1000000 | megawatt | megawatts
kWh | energy | 1 | kilowatt hour | kilowatt hours | kilowatt-hours | kwh
kcal | food energy | 1 | calorie | calories | kcal | kcals | cal | cals
V | voltage | 1 | volt | volts
A | current | 1 | amp | amps | ampere | amperes
psi | pressure | 1 | psi
rpm | rotation | 1 | rpm
mpg | consumption | 1 | mpg
dB | loudness | 1 | decibel | decibels | db
Hz | frequency | 1 | hertz | hz
kHz | frequency | 1000 | kilohertz | khz
MHz | frequency | 1000000 | megahertz | mhz
GHz | frequency | 1000000000 | gigahertz | ghz
degF | temperature | 1 | °f | ° f | ºf | degrees fahrenheit | degrees f
degF | temperature | 1 | degree f | fahrenheit | deg f | F
degC | temperature | 1 | °c | ° c | ºc | degrees celsius | degrees c
degC | temperature | 1 | degree c | celsius | degrees centigrade | deg c | C
deg | temperature | 1 | ° | º | degree | degrees
""")

BY_SYMBOL: dict[str, Unit] = {unit.symbol: unit for unit in UNITS.values()}

#: Units that stand for themselves only in the case that is written here.
EXACT_CASE = frozenset({"s", "h", "m", "g", "t", "l", "L", "W", "F", "C", "B", "SF"})

#: Lengths of style sheets and pictures: design values, not facts.
_STYLE_UNITS_WORDS = """
    px pixel pixels em rem vh vw vmin vmax pt fr dpi ppi fps ch p
"""
STYLE_UNITS = frozenset(_STYLE_UNITS_WORDS.split())  # fmt: skip

#: Those that say so even after a space.
PICTURE_UNITS = frozenset({"px", "pixel", "pixels", "rem", "dpi", "ppi", "fps"})

CURRENCIES: dict[str, str] = {
    "$": "USD", "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD",
    "nz$": "NZD", "s$": "SGD", "hk$": "HKD", "r$": "BRL", "€": "EUR", "£": "GBP",
    "¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₫": "VND",
    "₪": "ILS", "฿": "THB", "₱": "PHP", "₦": "NGN", "rs": "INR", "rs.": "INR",
    "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD",
    "euro": "EUR", "euros": "EUR", "quid": "GBP", "yen": "JPY", "yuan": "CNY",
    "rupee": "INR", "rupees": "INR", "peso": "MXN", "pesos": "MXN", "franken": "CHF",
    "rand": "ZAR", "baht": "THB", "kr": "SEK", "kr.": "SEK",
    "kronor": "SEK", "krona": "SEK",
    "kroner": "NOK", "krone": "NOK", "zł": "PLN", "złoty": "PLN", "złotych": "PLN",
    "złote": "PLN", "kč": "CZK", "dólares": "USD", "dollari": "USD", "円": "JPY",
    "元": "CNY", "人民币": "CNY", "人民幣": "CNY", "日元": "JPY", "美元": "USD",
    "ドル": "USD", "ユーロ": "EUR", "欧元": "EUR",
}  # fmt: skip
_CURRENCY_CODES = """
    USD AUD CAD NZD SGD HKD EUR GBP JPY CNY INR KRW CHF SEK NOK DKK PLN CZK HUF RUB
    TRY BRL MXN ZAR THB ILS AED SAR PHP IDR MYR VND
"""
CURRENCIES.update((code.lower(), code) for code in _CURRENCY_CODES.split())

#: Currencies that may be written with a bare dollar sign.
DOLLARS = frozenset({"USD", "AUD", "CAD", "NZD", "SGD", "HKD"})

#: And with "kr".
CROWNS = frozenset({"SEK", "NOK", "DKK"})

#: A hundredth of these is called cent (or penny).
CENTS: dict[str, tuple[str, ...]] = {
    "cent": ("USD", "EUR"),
    "cents": ("USD", "EUR"),
    "¢": ("USD",),
    "pence": ("GBP",),
    "penny": ("GBP", "USD"),
    "pennies": ("USD", "GBP"),
}

MAGNITUDES: dict[str, int] = {
    "hundred": 10**2, "thousand": 10**3, "k": 10**3, "lakh": 10**5, "lakhs": 10**5,
    "million": 10**6, "millions": 10**6, "mn": 10**6, "mio": 10**6, "mio.": 10**6,
    "millionen": 10**6, "crore": 10**7, "crores": 10**7, "billion": 10**9,
    "billions": 10**9, "bn": 10**9, "milliarden": 10**9, "trillion": 10**12,
    "tn": 10**12, "dozen": 12, "mille": 10**3, "mila": 10**3, "tysięcy": 10**3,
    "tausend": 10**3, "miljoner": 10**6, "miljoen": 10**6, "milioni": 10**6,
    "millones": 10**6, "milionów": 10**6, "milliard": 10**9, "milliards": 10**9,
    "miliardi": 10**9, "miljard": 10**9, "miljarder": 10**9, "万": 10**4,
    "萬": 10**4, "億": 10**8, "亿": 10**8,
}  # fmt: skip
#: Single letters that are magnitudes after an amount of money only.
MONEY_MAGNITUDES: dict[str, int] = {"m": 10**6, "mm": 10**6, "b": 10**9, "t": 10**12}

PERCENT_WORDS = frozenset(
    {"%", "percent", "per cent", "pct", "percentage points", "percentage point",
     "prozent", "percents", "pour cent", "por ciento", "per cento", "procent",
     "procenta", "パーセント"}
)  # fmt: skip

#: The unit in which values of a dimension are compared.
BASES = {
    "time": "s", "length": "m", "mass": "kg", "volume": "l", "area": "m2",
    "speed": "km/h", "data": "B", "power": "W", "energy": "kWh",
    "food energy": "kcal", "voltage": "volt", "current": "ampere",
    "frequency": "hertz", "pressure": "psi",
    "rotation": "rpm", "consumption": "mpg", "loudness": "db", "temperature": "°C",
}  # fmt: skip

_ZERO_FAHRENHEIT = Decimal(32)
_FAHRENHEIT_STEP = Decimal(5) / Decimal(9)
#: Nine significant digits: enough to tell values apart, few enough to meet again
#: after a conversion there and back.
_PRECISION = Context(prec=9, rounding=ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6))


def unit_named(word: str) -> Unit | None:
    """Find a unit by its spelling; single letters keep their case."""
    if word in UNITS:
        return UNITS[word]
    lower = word.lower()
    return None if lower in EXACT_CASE else UNITS.get(lower)


def to_base(value: Decimal, unit: Unit) -> Decimal:
    """Convert to the base unit of the dimension, to nine significant digits.

    Plain degrees, whose scale is unknown, stay as they are.
    """
    if unit.symbol == FAHRENHEIT:
        exact = (value - _ZERO_FAHRENHEIT) * _FAHRENHEIT_STEP
    else:
        exact = value * unit.size
    return _PRECISION.plus(exact)


def base_symbol(unit: Unit) -> str:
    """Name the unit in which values of this unit's dimension are compared."""
    return "°" if unit.symbol == DEGREES else BASES[unit.dimension]
