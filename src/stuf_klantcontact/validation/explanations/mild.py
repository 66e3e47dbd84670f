"""MILD-…: what is forgiven a zender that is not `strikt`, and told as a warning."""

from typing import Final

from stuf_klantcontact.validation.explanations.entry import Explanation, entry

_SECTION: Final = "Deze gateway / this gateway"


def _mild(
    code: str, *, meaning: tuple[str, str], cause: tuple[str, str], cure: tuple[str, str], wrong: str, right: str
) -> Explanation:
    return entry(code, _SECTION, meaning=meaning, cause=cause, cure=cure, wrong=wrong, right=right)


ENTRIES: Final = (
    _mild(
        "MILD-SPACE",
        meaning=("Witruimte om een waarde is weggelaten.", "White space around a value was left out."),
        cause=(
            "De zender springt in of rekt velden op tot een vaste lengte.",
            "The sender indents, or pads fields to a fixed length.",
        ),
        cure=("Schrijf de waarde zonder spaties ervoor of erna.", "Write the value without blanks around it."),
        wrong="<gfo:Type> call </gfo:Type>",
        right="<gfo:Type>call</gfo:Type>",
    ),
    _mild(
        "MILD-CASE",
        meaning=(
            "Een waarde uit een lijst is met andere hoofdletters geschreven.",
            "A value of a list was written in another case.",
        ),
        cause=(
            "De zender stuurt de tekst van zijn scherm.",
            "The sender sends the text of its screen.",
        ),
        cure=("Neem de waarde over zoals het schema haar schrijft.", "Write the value as the schema does."),
        wrong="<gfo:Type>Call</gfo:Type>",
        right="<gfo:Type>call</gfo:Type>",
    ),
    _mild(
        "MILD-EMPTY",
        meaning=("Een leeg element is opgevat als weggelaten.", "An empty element was taken for left out."),
        cause=(
            "De zender schrijft elk veld, ook als het geen waarde heeft.",
            "The sender writes every field, also without a value.",
        ),
        cure=("Laat een element zonder waarde weg.", "Leave out an element without a value."),
        wrong="<kc:onderwerp/>",
        right="<!-- geen kc:onderwerp -->",
    ),
    _mild(
        "MILD-NIL",
        meaning=(
            "Een element met alleen xsi:nil is opgevat als weggelaten.",
            "An element with nothing but xsi:nil was taken for left out.",
        ),
        cause=(
            "Sommige bibliotheken schrijven xsi:nil voor elk veld zonder waarde.",
            "Some libraries write xsi:nil for every field without a value.",
        ),
        cure=(
            "Laat het element weg, of zeg met StUF:noValue waarom er geen waarde is.",
            "Leave the element out, or say with StUF:noValue why there is no value.",
        ),
        wrong='<kc:onderwerp xsi:nil="true"/>',
        right="<!-- geen kc:onderwerp -->",
    ),
    _mild(
        "MILD-MOMENT",
        meaning=(
            "tijdstipBericht is gelezen in de vorm van de andere StUF-versie.",
            "tijdstipBericht was read in the form of the other version of StUF.",
        ),
        cause=("De zender schrijft elk tijdstip op een manier.", "The sender writes every moment in one way."),
        cure=(
            "StUF 03.01 wil cijfers, StUF 03.02 een ISO-tijdstip.",
            "StUF 03.01 wants digits, StUF 03.02 an ISO moment.",
        ),
        wrong="<StUF:tijdstipBericht>2026-11-22T10:15:00</StUF:tijdstipBericht>",
        right="<StUF:tijdstipBericht>20261122101500000</StUF:tijdstipBericht>",
    ),
    _mild(
        "MILD-HEADER",
        meaning=(
            "berichtcode of functie ontbrak en is ingevuld uit de naam van het bericht.",
            "berichtcode or functie was absent and was filled in from the name of the message.",
        ),
        cause=("De zender vult de stuurgegevens niet geheel.", "The sender does not fill the stuurgegevens."),
        cure=("Vul berichtcode en functie.", "Fill berichtcode and functie."),
        wrong="<kc:stuurgegevens>… <StUF:tijdstipBericht>…</StUF:tijdstipBericht></kc:stuurgegevens>",
        right="<kc:stuurgegevens>… <StUF:functie>voegKlantcontactToe</StUF:functie></kc:stuurgegevens>",
    ),
    _mild(
        "MILD-EXTRA",
        meaning=(
            "Een onbekend element aan het eind is niet overgenomen.",
            "An unknown element at the end was not taken over.",
        ),
        cause=(
            "De zender stuurt een eigen veld mee. Het staat alleen nog in het bewaarde bericht.",
            "The sender adds a field of its own. It is now in the kept message alone.",
        ),
        cure=("Stuur geen velden die het schema niet kent.", "Send no fields that the schema does not know."),
        wrong="<kc:prioriteit>hoog</kc:prioriteit>",
        right="<!-- geen kc:prioriteit -->",
    ),
)
