// A zaakmagazijn in JavaScript, with node-soap: takes klantcontacten and their documents from the gateway.
//
//   node zaakmagazijn.js WSDL PORT
//
// WSDL is GATEWAY/soap/OntvangAsynchroon?wsdl=klc0320_ontvangAsynchroon. Prints a line of JSON for every message that
// it keeps, and refuses a klantcontact whose onderwerp is "weiger".
import { randomUUID } from "node:crypto";
import http from "node:http";
import soap from "soap";

const [wsdl, port] = process.argv.slice(2);

function bewaar(soort, object) {
  console.log(JSON.stringify({ soort, ...object }));
  return { stuurgegevens: { berichtcode: "Bv03" }, intermediair: "N" };
}

// node-soap writes no typed faults: the Fo03 is spelled out, with the namespace on its root.
function fo03({ zender, ontvanger, referentienummer }, code, omschrijving) {
  const bericht = {
    attributes: { xmlns: "http://www.stufstandaarden.nl/onderlaag/stuf0302" },
    stuurgegevens: {
      berichtcode: "Fo03",
      zender: ontvanger,
      ontvanger: zender,
      referentienummer: randomUUID(),
      tijdstipBericht: new Date().toISOString(),
      crossRefnummer: referentienummer,
    },
    body: { code, plek: "server", omschrijving },
  };
  return { Fault: { faultcode: "soap:Server", faultstring: omschrijving, detail: { Fo03Bericht: bericht } } };
}

const operaties = {
  iobLk01({ object: [document] }) {
    return bewaar("iobLk01", {
      identificatie: document.informatieobjectidentificatie,
      titel: document.titel,
      bytes: Buffer.from(document["eib.inhoud"], "base64").length,
    });
  },
  klcLk01({ stuurgegevens, object: [klantcontact] }) {
    if (klantcontact.onderwerp === "weiger") throw fo03(stuurgegevens, "StUF058", "Dit onderwerp nemen wij niet aan");
    return bewaar("klcLk01", {
      identificatie: klantcontact.identificatie,
      onderwerp: klantcontact.onderwerp,
      zaak: klantcontact.heeftBetrekkingOp.gerelateerde.zaakidentificatie,
      vestiging: klantcontact.heeftPlaatsgevondenMetVES.gerelateerde.vestigingsnummer,
      documenten: klantcontact.heeftRelevant.map((relatie) => relatie.gerelateerde.informatieobjectidentificatie),
    });
  },
};

const xml = await (await fetch(wsdl)).text();
const server = http.createServer();
server.listen(Number(port), "127.0.0.1", () => {
  soap.listen(server, {
    path: "/OntvangAsynchroon",
    services: { OntvangAsynchroon: { OntvangAsynchroon: operaties } },
    xml,
    uri: wsdl, // the XSDs that the WSDL imports are found from here
    callback: (fout) => console.log(fout ? String(fout) : "klaar"),
  });
});
