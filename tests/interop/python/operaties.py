"""The operations of WSDLs, as zeep reads them: python operaties.py WSDL..."""

import json
import sys

from zeep import Client

gelezen = {
    wsdl: [operatie for binding in Client(wsdl).wsdl.bindings.values() for operatie in binding.all()]
    for wsdl in sys.argv[1:]
}
print(json.dumps(gelezen))
