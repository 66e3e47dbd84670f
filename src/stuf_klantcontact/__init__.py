"""A SOAP/StUF gateway that puts every klantcontact into the zaakdossier it belongs to."""
