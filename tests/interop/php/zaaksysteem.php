<?php
// A zaaksysteem in PHP, with its own SoapClient: adds a klantcontact to a zaak.
//
//   GEBRUIKER=… WACHTWOORD=… php zaaksysteem.php GATEWAY Di02|Di01 ZAAK REFERENTIENUMMER TOELICHTING
//
// Prints what the answer says, as JSON; exit status 1 when the gateway refused.
[, $gateway, $soort, $zaak, $referentienummer, $toelichting] = $argv;
$poort = ["Di02" => "VerwerkSynchroonVrijBericht", "Di01" => "OntvangAsynchroon"][$soort];

$client = new SoapClient("$gateway/soap/$poort?wsdl", [
    "login" => getenv("GEBRUIKER"),
    "password" => getenv("WACHTWOORD"),
    "cache_wsdl" => WSDL_CACHE_NONE, // in production: let PHP cache the WSDL
]);

// StUF 03.01 writes Dutch time in digits; DatumGezet takes any ISO 8601 with a time zone.
$nu = new DateTimeImmutable("now", new DateTimeZone("Europe/Amsterdam"));

$klantcontact = [
    "DatumGezet" => $nu->format(DATE_ATOM),
    "Documenten" => [],
    "Opvoerder" => ["Medewerker" => ["Identificatie" => "jdevries"]],
    "Type" => "call",
];
if ($toelichting !== "") {
    $klantcontact["Toelichting"] = $toelichting; // SoapClient puts it in the place that the XSD gives it
}
$bericht = [
    "stuurgegevens" => [
        "berichtcode" => $soort,
        "zender" => ["organisatie" => "0518", "applicatie" => "MIJNZAKEN"],
        "ontvanger" => ["organisatie" => "0518", "applicatie" => "KLANTCONTACT"],
        "referentienummer" => $referentienummer,
        "tijdstipBericht" => $nu->format("YmdHis"),
        "functie" => "voegKlantcontactToe",
    ],
    "zaakidentificatie" => $zaak,
    "Klantcontact" => $klantcontact,
];

function toon(array $gelezen): void
{
    echo json_encode($gelezen, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR), "\n";
}

try {
    $antwoord = $client->{"voegKlantcontactToe_$soort"}($bericht);
    $stuurgegevens = $antwoord->stuurgegevens;
    unset($antwoord->stuurgegevens);
    toon([
        "berichtcode" => $stuurgegevens->berichtcode,
        "crossRefnummer" => $stuurgegevens->crossRefnummer,
        ...(array) $antwoord,
    ]);
} catch (SoapFault $fout) {
    if (!isset($fout->detail)) {
        throw $fout; // the network, or HTTP 401
    }
    $bericht = $fout->detail->Fo02Bericht ?? $fout->detail->Fo03Bericht;
    $body = $bericht->body;
    $gevonden = $body->detailsXML->bevindingen->bevinding ?? [];
    $bevindingen = array_map(
        fn ($bevinding) => [
            "rule" => $bevinding->rule,
            "path" => $bevinding->path ?? null,
            "message" => $bevinding->message->nl,
            "hint" => $bevinding->hint->nl ?? null,
        ],
        is_array($gevonden) ? $gevonden : [$gevonden], // SoapClient makes no list of a single one
    );
    toon([
        "faultcode" => $fout->faultcode,
        "faultstring" => $fout->faultstring,
        "berichtcode" => $bericht->stuurgegevens->berichtcode,
        "code" => $body->code,
        "plek" => $body->plek,
        "omschrijving" => $body->omschrijving,
        "details" => $body->details,
        "bevindingen" => $bevindingen,
    ]);
    exit(1);
}
