<?php
// A zaakmagazijn in PHP, with its own SoapServer: takes klantcontacten and their documents from the gateway.
//
//   WSDL=… BEWAARD=… php -S 127.0.0.1:PORT zaakmagazijn.php
//
// WSDL is GATEWAY/soap/OntvangAsynchroon?wsdl=klc0320_ontvangAsynchroon. Adds a line of JSON to the file BEWAARD for
// every message that it keeps, and refuses a klantcontact whose onderwerp is "weiger".

final class OntvangAsynchroon
{
    public function iobLk01(stdClass $bericht): array
    {
        $document = lijst($bericht->object)[0];
        return $this->bewaar("iobLk01", [
            "identificatie" => waarde($document->informatieobjectidentificatie),
            "titel" => waarde($document->titel),
            "bytes" => strlen(base64_decode(waarde($document->{"eib.inhoud"}))),
        ]);
    }

    public function klcLk01(stdClass $bericht): array
    {
        $klantcontact = lijst($bericht->object)[0];
        if (waarde($klantcontact->onderwerp) === "weiger") {
            throw fo03($bericht->stuurgegevens, "StUF058", "Dit onderwerp nemen wij niet aan");
        }
        return $this->bewaar("klcLk01", [
            "identificatie" => waarde($klantcontact->identificatie),
            "onderwerp" => waarde($klantcontact->onderwerp),
            "zaak" => waarde($klantcontact->heeftBetrekkingOp->gerelateerde->zaakidentificatie),
            "vestiging" => waarde($klantcontact->heeftPlaatsgevondenMetVES->gerelateerde->vestigingsnummer),
            "documenten" => array_map(
                fn ($relatie) => waarde($relatie->gerelateerde->informatieobjectidentificatie),
                lijst($klantcontact->heeftRelevant),
            ),
        ]);
    }

    private function bewaar(string $soort, array $gelezen): array
    {
        file_put_contents(getenv("BEWAARD"), json_encode(["soort" => $soort, ...$gelezen]) . "\n", FILE_APPEND | LOCK_EX);
        return ["stuurgegevens" => ["berichtcode" => "Bv03"], "intermediair" => "N"];
    }
}

/** What stands in an element that may have attributes, such as noValue. */
function waarde(stdClass|string $element): string
{
    return is_string($element) ? $element : $element->_;
}

/** SoapServer makes no list of a single element. */
function lijst(mixed $gevonden): array
{
    return is_array($gevonden) ? $gevonden : [$gevonden];
}

function fo03(stdClass $stuurgegevens, string $code, string $omschrijving): SoapFault
{
    $bericht = [
        "stuurgegevens" => [
            "berichtcode" => "Fo03",
            "zender" => $stuurgegevens->ontvanger,
            "ontvanger" => $stuurgegevens->zender,
            "referentienummer" => bin2hex(random_bytes(16)),
            "tijdstipBericht" => date(DATE_ATOM),
            "crossRefnummer" => $stuurgegevens->referentienummer,
        ],
        "body" => ["code" => $code, "plek" => "server", "omschrijving" => $omschrijving],
    ];
    return new SoapFault("Server", $omschrijving, null, $bericht, "fout"); // "fout": so the WSDL names the fault
}

$server = new SoapServer(getenv("WSDL"), ["cache_wsdl" => WSDL_CACHE_MEMORY]);
$server->setClass(OntvangAsynchroon::class);
$server->handle();
