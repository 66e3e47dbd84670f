// A zaaksysteem in JavaScript, with node-soap: adds a klantcontact to a zaak.
//
//   GEBRUIKER=… WACHTWOORD=… node zaaksysteem.js GATEWAY Di02|Di01 ZAAK REFERENTIENUMMER TOELICHTING
//
// Prints what the answer says, as JSON; exit status 1 when the gateway refused.
import soap from "soap";

const [gateway, soort, zaak, referentienummer, toelichting] = process.argv.slice(2);
const poort = { Di02: "VerwerkSynchroonVrijBericht", Di01: "OntvangAsynchroon" }[soort];

const client = await soap.createClientAsync(`${gateway}/soap/${poort}?wsdl`);
client.setSecurity(new soap.BasicAuthSecurity(process.env.GEBRUIKER, process.env.WACHTWOORD));

// StUF 03.01 writes Dutch time in digits; DatumGezet takes any ISO 8601 with a time zone.
const nu = new Date();
const tijdstipBericht = nu.toLocaleString("sv-SE", { timeZone: "Europe/Amsterdam" }).replace(/\D/g, "");

const bericht = {
  stuurgegevens: {
    berichtcode: soort,
    zender: { organisatie: "0518", applicatie: "MIJNZAKEN" },
    ontvanger: { organisatie: "0518", applicatie: "KLANTCONTACT" },
    referentienummer,
    tijdstipBericht,
    functie: "voegKlantcontactToe",
  },
  zaakidentificatie: zaak,
  Klantcontact: {
    DatumGezet: nu.toISOString(),
    Documenten: {},
    Opvoerder: { Medewerker: { Identificatie: "jdevries" } },
    ...(toelichting && { Toelichting: toelichting }), // node-soap sends the elements in the order in which they stand
    Type: "call",
  },
};

try {
  const [antwoord] = await client[`voegKlantcontactToe_${soort}Async`](bericht);
  const { stuurgegevens, ...uitslag } = antwoord;
  console.log(JSON.stringify({ berichtcode: stuurgegevens.berichtcode, crossRefnummer: stuurgegevens.crossRefnummer, ...uitslag }));
} catch (fout) {
  if (!fout.root) throw fout; // not a SOAP Fault: the network, or HTTP 401
  const { faultcode, faultstring, detail } = fout.root.Envelope.Body.Fault;
  const bericht = detail.Fo02Bericht ?? detail.Fo03Bericht;
  const { code, plek, omschrijving, details, detailsXML } = bericht.body;
  const bevindingen = [detailsXML?.bevindingen?.bevinding ?? []].flat().map(({ rule, path, message, hint }) => ({
    rule,
    path,
    message: message.nl,
    hint: hint?.nl,
  }));
  const berichtcode = bericht.stuurgegevens.berichtcode;
  console.log(JSON.stringify({ faultcode, faultstring, berichtcode, code, plek, omschrijving, details, bevindingen }));
  process.exitCode = 1;
}
