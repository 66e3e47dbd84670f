// A zaaksysteem in C++, with gSOAP: adds a klantcontact to a zaak.
//
//   wsdl2h -t typemap.dat -o kc.h GATEWAY/soap/VerwerkSynchroonVrijBericht?wsdl GATEWAY/soap/OntvangAsynchroon?wsdl
//   soapcpp2 -j -C -w -x kc.h
//   g++ -o zaaksysteem zaaksysteem.cpp soapC.cpp soapSOAPVerwerkSynchroonVrijBerichtProxy.cpp -lgsoap++
//   GEBRUIKER=… WACHTWOORD=… ./zaaksysteem GATEWAY Di02|Di01 ZAAK REFERENTIENUMMER TOELICHTING
//
// Prints what the answer says, as JSON; exit status 1 when the gateway refused.
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <sstream>
#include <string>

#include "SOAPVerwerkSynchroonVrijBericht.nsmap"
#include "soapSOAPVerwerkSynchroonVrijBerichtProxy.h"  // one proxy for both WSDLs: they have one namespace

static std::string json(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') out += "\\n"; else out += c;
    }
    return out + '"';
}

static std::string moment(const char* pattern) {
    char text[40];
    std::time_t now = std::time(nullptr);
    std::strftime(text, sizeof text, pattern, std::localtime(&now));
    return text;
}

// Di01 and Di02 are filled alike; their berichtcode and functie have one value each, and have it already.
template <class Stuurgegevens, class Bericht>
struct Toevoeging {
    std::string organisatie = "0518";
    StUF__Systeem zender, ontvanger;
    Stuurgegevens stuurgegevens;
    dga__Documenten documenten;
    gfo__Medewerker medewerker;
    gfo__Actor opvoerder;
    gfo__Klantcontact klantcontact;
    std::string zaak, toelichting;
    Bericht bericht;

    explicit Toevoeging(char** words) : zaak(words[3]), toelichting(words[5]) {
        zender.organisatie = ontvanger.organisatie = &organisatie;
        zender.applicatie = "MIJNZAKEN";
        ontvanger.applicatie = "KLANTCONTACT";
        stuurgegevens.zender = &zender;
        stuurgegevens.ontvanger = &ontvanger;
        stuurgegevens.referentienummer = words[4];
        stuurgegevens.tijdstipBericht = moment("%Y%m%d%H%M%S");  // Dutch time: main sets TZ

        medewerker.Identificatie = "jdevries";
        opvoerder.__union_Actor = SOAP_UNION__gfo__union_Actor_Medewerker;
        opvoerder.union_Actor.Medewerker = &medewerker;
        klantcontact.DatumGezet = moment("%Y%m%d%H%M%S");  // digits of StUF, or ISO 8601 with a time zone
        klantcontact.Documenten = &documenten;
        klantcontact.Opvoerder = &opvoerder;
        if (!toelichting.empty()) klantcontact.Toelichting = &toelichting;
        klantcontact.Type = gfo__KlantcontactType__call;

        bericht.stuurgegevens = &stuurgegevens;
        bericht.zaakidentificatie = &zaak;
        bericht.gfo__Klantcontact_ = &klantcontact;
    }
};

// The typed fault: Fo02 or Fo03 in the detail, and in its detailsXML the findings, which gSOAP keeps as XML.
static void toon(struct soap* soap, const std::string& berichtcode, const StUF__Foutbericht* body) {
    std::cout << "{\"faultcode\":" << json(*soap_faultcode(soap)) << ",\"faultstring\":" << json(*soap_faultstring(soap))
              << ",\"berichtcode\":" << json(berichtcode) << ",\"code\":" << json(body->code)
              << ",\"plek\":" << json(soap_StUF__Foutplek2s(soap, body->plek))
              << ",\"omschrijving\":" << json(body->omschrijving)
              << ",\"details\":" << json(body->details ? *body->details : "") << ",\"bevindingen\":[";
    const char* comma = "";
    if (body->detailsXML) {
        for (const char* xml : body->detailsXML->__any) {
            if (!std::strstr(xml, "bevindingen")) continue;  // the other one is our referentienummer
            std::istringstream stream(xml);
            kc__Bevindingen gevonden;
            soap->is = &stream;
            if (soap_read_kc__Bevindingen(soap, &gevonden)) soap_print_fault(soap, stderr);
            soap->is = nullptr;
            for (const kc__Bevinding* bevinding : gevonden.bevinding) {
                std::cout << comma << "{\"rule\":" << json(bevinding->rule)
                          << ",\"path\":" << json(bevinding->path ? *bevinding->path : "")
                          << ",\"message\":" << json(bevinding->message->nl)
                          << ",\"hint\":" << json(bevinding->hint ? bevinding->hint->nl : "") << "}";
                comma = ",";
            }
        }
    }
    std::cout << "]}\n";
}

int main(int count, char** words) {
    if (count != 6) return 2;
    setenv("TZ", "Europe/Amsterdam", 1);
    const std::string gateway = words[1], soort = words[2];
    SOAPVerwerkSynchroonVrijBerichtProxy proxy(SOAP_C_UTFSTRING);
    struct soap* soap = proxy.soap;
    soap->userid = std::getenv("GEBRUIKER");
    soap->passwd = std::getenv("WACHTWOORD");

    if (soort == "Di02") {
        Toevoeging<StUF__StuurgegevensDi02_voegKlantcontactToe, kc__VoegKlantcontactToe_Di02> vraag(words);
        kc__VoegKlantcontactToe_Du02 antwoord;
        const std::string adres = gateway + "/soap/VerwerkSynchroonVrijBericht";
        if (!proxy.voegKlantcontactToe_USCOREDi02(adres.c_str(), nullptr, &vraag.bericht, antwoord)) {
            std::cout << "{\"berichtcode\":\"Du02\",\"crossRefnummer\":" << json(*antwoord.stuurgegevens->crossRefnummer)
                      << ",\"klantcontactidentificatie\":" << json(antwoord.klantcontactidentificatie)
                      << ",\"groep\":" << json(soap_kc__Groep2s(soap, antwoord.groep))
                      << ",\"effect\":" << json(soap_kc__Effect2s(soap, antwoord.effect)) << "}\n";
            return 0;
        }
    } else {
        Toevoeging<StUF__StuurgegevensDi01_voegKlantcontactToe, kc__VoegKlantcontactToe_Di01> vraag(words);
        StUF__Bv03Bericht antwoord;
        const std::string adres = gateway + "/soap/OntvangAsynchroon";
        if (!proxy.voegKlantcontactToe_USCOREDi01(adres.c_str(), nullptr, &vraag.bericht, antwoord)) {
            std::cout << "{\"berichtcode\":\"Bv03\",\"crossRefnummer\":" << json(antwoord.stuurgegevens->crossRefnummer)
                      << "}\n";
            return 0;
        }
    }
    const SOAP_ENV__Detail* detail = soap->fault ? soap->fault->detail : nullptr;
    if (detail && detail->StUF__Fo02Bericht_) {
        toon(soap, "Fo02", detail->StUF__Fo02Bericht_->body);
    } else if (detail && detail->StUF__Fo03Bericht_) {
        toon(soap, "Fo03", detail->StUF__Fo03Bericht_->body);
    } else {
        proxy.soap_stream_fault(std::cerr);  // not a fault of StUF: the network, or HTTP 401
        return 2;
    }
    return 1;
}
