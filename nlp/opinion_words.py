"""Words of praise, words of complaint and everyday words in five languages, written for this project.

They tell the languages of very short texts apart (`nlp.language`) and are all that `nlp.tiny` knows. In lower
case and without diacritics. Praise and complaint are beginnings of words, so that endings do not matter; the
everyday words are whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

__all__ = ["COMMON", "NEGATIVE", "POSITIVE", "ROMANISED", "bare_words", "word_hits"]

_WORD = re.compile(r"[^\W\d_]+")


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


NEGATIVE: Mapping[str, tuple[str, ...]] = {
    "lv": _listed(
        """
        slikt briesmig drausmig neapmierin vilsanas vilusies saboj salauz salaust bojat rupj rupja
        nepieklajig netir kaveja kavejas nokavej aizkave sudzib sudzos krapsan apkrap apmuld parmaks
        nesavlaicig atdzis auksta nekompetent nekad neiesak neatbild nepiegad pazuda kaitinos kauns
        smird bezjedzig nepienemam negodig
        """
    ),
    "lt": _listed(
        """
        blog baisu baisi siaub nepatenkint nusivyl sugad sulauz suluz sugedo grub nemandag nesvar
        pavelav velavo veluoja skund apgav apgaul sukci atsal salta nekompetent niekada nerekomend
        neatsak nepristat dingo nervin geda smirda brangiai nepriimtin prastas prasta prastai bjaur
        pasibais
        """
    ),
    "hy": _listed(
        """
        վատ սարսափ զզվել դժգոհ հիասթափ փչաց կոտրվ կոպիտ կոպտ անքաղաքավար կեղտոտ ուշաց ուշանում բողոք
        խաբ խաբեբա սառած սառն անպատասխան երբեք անորակ խայտառակ ամոթ կորցր կորել վնասվ անտարբեր թանկ
        դանդաղ զայրաց անընդունել սխալ չեկավ չպատասխան
        """
    ),
    "ru": _listed(
        """
        плох ужас кошмар отврат недовол разочар испорч сломал сломан груб хам невежлив гряз опозда
        опазд задерж жалоб обман мошен холодн остыл некомпетент никогда отвратит позор потерял вонь
        бесполез неприемлем медленн возмут просроч хуже нерекоменд
        """
    ),
    "en": _listed(
        """
        bad awful terribl horribl disappoint unhappy broken broke rude dirty late delayed delay
        complain scam fraud cold incompetent never worst worse useless unaccept ignored overpriced
        expired lost damaged disgust smell shame angry slow refus mistake
        """
    ),
}

POSITIVE: Mapping[str, tuple[str, ...]] = {
    "lv": _listed(
        """
        labi labs laba labak lielisk teicam izcil brinisk paldies pateic iesaku apmierinat gardi
        gards garda garsig laipn atsaucig atri atra skaist jauk patikam super ideal milu milig patik
        tiri tirs kvalitat profesional prieks prieciga
        """
    ),
    "lt": _listed(
        """
        gerai geras gera geriaus puik nuostab aciu dekoju dekui rekomenduoju patenkint skanu skanus
        skani malon paslaug greitai greitas greita grazu graz idealu idealus patiko patinka svaru
        svarus kokybisk profesional dziaug saunu saunus tobul super
        """
    ),
    "hy": _listed(
        """
        լավ լավագույն հրաշալի գերազանց հիանալի շնորհակալ խորհուրդ գոհ համեղ բարեհամբույր ուշադիր
        արագ գեղեցիկ հաճելի սիրուն սիրում հավանեց մաքուր որակյալ պրոֆեսիոնալ ուրախ կատարյալ ապրեք
        ապրես սուպեր անթերի ջերմ քաղաքավարի կեցցե սքանչելի
        """
    ),
    "ru": _listed(
        """
        хорош отличн прекрасн замечат спасиб благодар рекоменд доволен довольн вкусн вежлив внимател
        быстр красив приятн нравит понравил люблю чист качествен професс идеал супер рад лучш
        великолеп уютн молодц восторг превосход
        """
    ),
    "en": _listed(
        """
        good great excellent wonderful thank recommend happy satisfied tasty delicious polite
        friendly fast quick beautiful nice pleasant love perfect clean quality professional glad
        super amazing best helpful kind awesome fantastic cosy
        """
    ),
}

COMMON: Mapping[str, frozenset[str]] = {
    "lv": frozenset(
        _listed(
            """
            ar bet bija bus es ir jau jums jus ka kad kas ko kur loti man mes mums nav no par
            pasutijums pasutijumu savu si sis sodien ta tas tikai un uz vai vakar veikala veikals
            velreiz vina vins
            """
        )
    ),
    "lt": frozenset(
        _listed(
            """
            ant apie ar as bet bus buvo ir is jau ji jis jums jus ka kad kai kas kur labai man mes
            mums nera parduotuve parduotuves savo si siandien sis su ta tas tik uzsakyma uzsakymas
            vakar yra
            """
        )
    ),
    "en": frozenset(
        _listed(
            """
            a about already and are but for from had has have he i in is it my not of on only order
            our she shop that the they this to today very was we were what when where will with
            yesterday you your
            """
        )
    ),
}

# Everyday words of Armenian and Russian as people type them in Latin letters.
ROMANISED: Mapping[str, frozenset[str]] = {
    "hy": frozenset(
        _listed(
            """
            chi che chka inch inchu vor shat bayc bayts hamar petq petk dzer barev ayd ays vonc
            vonts karox chem chen enq eq isk bolor lav vat mard jan merci shnorhakalutyun xndrum
            ashxatum mek
            """
        )
    ),
    "ru": frozenset(
        _listed(
            """
            ochen eto chto kak spasibo dlya mne vse tolko ploho plokho horosho khorosho uzhe menya
            budet nikogda bylo byl kto gde yesli esli pochemu mozhno nado nelzya segodnya
            """
        )
    ),
}


def bare_words(text: str) -> list[str]:
    """The words of a text in lower case without diacritics, as the lists are written."""
    marks = unicodedata.normalize("NFD", text.lower())
    return _WORD.findall("".join(mark for mark in marks if not unicodedata.combining(mark)))


def word_hits(words: Sequence[str]) -> dict[str, int]:
    """How many of the words are in the lists of each language of `COMMON`."""
    return {
        lang: sum(word in common or word.startswith(NEGATIVE[lang] + POSITIVE[lang]) for word in words)
        for lang, common in COMMON.items()
    }
