"""Language codes of three letters (ISO 639-3) as those of two (ISO 639-1)."""

_PAIRS = (
    "afr:af amh:am ara:ar aze:az bel:be ben:bn bul:bg cat:ca ces:cs cmn:zh cym:cy dan:da deu:de ell:el eng:en epo:eo "
    "est:et eus:eu fas:fa fin:fi fra:fr gle:ga glg:gl guj:gu heb:he hin:hi hrv:hr hun:hu hye:hy ind:id isl:is ita:it "
    "jav:jv jpn:ja kan:kn kat:ka kaz:kk khm:km kor:ko lat:la lav:lv lit:lt mal:ml mar:mr mkd:mk mya:my nep:ne nld:nl "
    "nno:no nob:no ori:or pan:pa pes:fa pol:pl por:pt ron:ro rus:ru sin:si slk:sk slv:sl sna:sn spa:es sqi:sq srp:sr "
    "swe:sv tam:ta tat:tt tel:te tgl:tl tha:th tuk:tk tur:tr ukr:uk urd:ur uzb:uz vie:vi yid:yi zul:zu aka:ak"
)
_SHORT = {pair[:3]: pair[4:] for pair in _PAIRS.split()}


def two_letters(code: str) -> str:
    """The two-letter code, or "" for a language without one."""
    return _SHORT.get(code, "")
